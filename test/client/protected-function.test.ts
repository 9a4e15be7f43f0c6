import { idempotentHandler } from 'oncekey'
import { type AttemptEnd, createIdempotentFetch } from 'oncekey/client'
import { memoryStore } from 'oncekey/memory'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'
import { expect, it } from 'vitest'
import { asAnswer } from '../support/answer.ts'
import { sleepingClock } from './clock.ts'

it.each([409, 423, 503, 507])(
  'the client waits for a run in progress that the function answers with %i',
  async (inFlight) => {
    const refused = Promise.withResolvers<void>()
    const work = async () => {
      // Wait until the other request was refused because of this run.
      await refused.promise
      return { statusCode: 201, body: '{"id":7}' }
    }
    const problems = { statuses: { 'in-flight': inFlight } }
    const handler = idempotentHandler(work, memoryStore(), { problems })
    const attempts: AttemptEnd[] = []
    const pay = createIdempotentFetch({
      clock: sleepingClock(),
      // The clock does not wait, but the first run needs some turns of the event loop.
      maxAttempts: 1_000,
      totalTimeoutMs: Number.POSITIVE_INFINITY,
      fetch: async (request) => {
        const key = request.headers.get('idempotency-key') ?? ''
        const event = httpApiEvent({ key, body: await request.text() })
        const { response, headers, body } = asAnswer(await handler(event, lambdaContext()))
        return new Response(String(body), { status: Number(Object(response).statusCode), headers })
      },
      onAttempt: (attempt) => {
        attempts.push(attempt)
        refused.resolve()
      },
    })
    const send = () => pay('https://api.example/payments', { method: 'POST', idempotencyKey: 'order-1' })
    const answers = await Promise.all([send(), send()])
    expect(answers.map(({ status }) => status)).toEqual([201, 201])
    expect(attempts.filter(({ code }) => code !== undefined)).toEqual(
      expect.arrayContaining([expect.objectContaining({ status: inFlight, code: 'in-flight' })]),
    )
    expect(attempts.filter(({ status, isReplay }) => status === 201 && !isReplay)).toHaveLength(1)
  },
)

it('the key of the client shows its age to a function with maxKeyAgeMs', async () => {
  let nowMs = Date.UTC(2030, 0, 1)
  const clock = { nowMs: () => nowMs }
  const work = async () => ({ statusCode: 201 })
  const handler = idempotentHandler(work, memoryStore(clock), { clock, maxKeyAgeMs: 60_000 })
  const keys: string[] = []
  const pay = createIdempotentFetch({
    clock: { ...sleepingClock(), nowMs: () => nowMs },
    fetch: async (request) => {
      keys.push(request.headers.get('idempotency-key') ?? '')
      return new Response()
    },
  })
  await pay('https://api.example/payments', { method: 'POST' })
  const send = async (key: string | undefined, body: string) =>
    asAnswer(await handler(httpApiEvent({ key: key ?? '', body }), lambdaContext())).response
  nowMs += 300_000
  expect(await send(keys[0], '{}')).toMatchObject({ statusCode: 400 })
  await pay('https://api.example/payments', { method: 'POST' })
  expect(await send(keys[1], '{}')).toMatchObject({ statusCode: 201 })
})
