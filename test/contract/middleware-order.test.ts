import cors7 from '@middy/http-cors'
import errors7 from '@middy/http-error-handler'
import headers7 from '@middy/http-header-normalizer'
import json7 from '@middy/http-json-body-parser'
import validator7 from '@middy/validator'
import { transpileSchema as transpile7 } from '@middy/validator/transpile'
import cors6 from 'middy6-http-cors'
import errors6 from 'middy6-http-error-handler'
import headers6 from 'middy6-http-header-normalizer'
import json6 from 'middy6-http-json-body-parser'
import validator6 from 'middy6-validator'
import { transpileSchema as transpile6 } from 'middy6-validator/transpile'
import { dynamoDbStore, idempotent, idempotentHandler, type Store } from 'oncekey'
import { httpApiEvent, lambdaContext, type RequestFacts } from 'oncekey/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { deliver } from '../sources/http/delivered.ts'
import { type Middleware, middies, type Protected, type Work } from '../support/middies.ts'
import { createTable } from '../support/tables.ts'
import { type Answer, answerOf } from './scenario.ts'

const schema = {
  type: 'object',
  required: ['body'],
  properties: { body: { type: 'object', required: ['amount'], properties: { amount: { type: 'integer' } } } },
} as const
const origins = { origins: ['https://shop.example', 'https://app.example'] }
const quiet = { logger: false } as const

/** The middlewares of one major version of Middy, in the order that the README recommends. */
const kits = [
  {
    middy: middies[0],
    outer: (): unknown[] => [
      cors6(origins),
      errors6(quiet),
      headers6(),
      json6(),
      validator6({ eventSchema: transpile6(schema) }),
    ],
    around: (): unknown[] => [cors6(origins), errors6(quiet)],
  },
  {
    middy: middies[1],
    outer: (): unknown[] => [
      cors7(origins),
      errors7(quiet),
      headers7(),
      json7(),
      validator7({ eventSchema: transpile7(schema) }),
    ],
    around: (): unknown[] => [cors7(origins), errors7(quiet)],
  },
]

describe.each(kits)('$middy.version', ({ middy, outer, around }) => {
  let store: Store
  let bodies: unknown[]
  const work: Work = (event) => {
    bodies.push(Object(event).body)
    return { statusCode: 201, headers: { Location: '/payments/1' }, body: 'paid' }
  }
  const sender = (handler: Protected) => {
    return async (facts: RequestFacts = {}): Promise<Answer> => {
      const headers = { 'Content-Type': 'application/json', Origin: 'https://shop.example', ...facts.headers }
      return answerOf(
        deliver('http', await handler(httpApiEvent({ key: 'k1', ...facts, headers }), lambdaContext())),
      )
    }
  }

  beforeEach(async () => {
    const { name, client } = await createTable()
    store = dynamoDbStore(name, { client })
    bodies = []
  })

  it('runs once and replays with the recommended order', async () => {
    const send = sender(middy.assemble(work, [...outer(), idempotent(store)] as Middleware[]))
    expect((await send()).status).toBe(201)
    expect(await send()).toMatchObject({ status: 201, isReplay: true, body: 'paid' })
    expect(bodies).toEqual([{ amount: 100 }])
  })

  it('compares what was sent though another middleware has parsed it', async () => {
    const send = sender(middy.assemble(work, [...outer(), idempotent(store)] as Middleware[]))
    await send({ body: '{"amount":100,"note":"a"}' })
    expect((await send({ body: '{"note":"a","amount":100}' })).isReplay).toBe(true)
    expect((await send({ body: '{"amount":101,"note":"a"}' })).status).toBe(422)
  })

  it('leaves the key free if the validator refuses the request', async () => {
    const send = sender(middy.assemble(work, [...outer(), idempotent(store)] as Middleware[]))
    expect((await send({ body: '{"amount":"much"}' })).status).toBe(400)
    expect((await send({ body: '{"amount":100}' })).status).toBe(201)
    expect(bodies).toHaveLength(1)
  })

  it('skips the other afters on a replay, and adds no CORS headers there', async () => {
    const send = sender(middy.assemble(work, [...outer(), idempotent(store)] as Middleware[]))
    expect((await send()).header('access-control-allow-origin')).toBe('https://shop.example')
    expect((await send()).header('access-control-allow-origin')).toBeUndefined()
  })

  it('has CORS headers of the asking origin on replays and refusals with Middy around idempotentHandler', async () => {
    const once = idempotentHandler(work, store)
    const send = sender(middy.assemble(once, around() as Middleware[]))
    const origin = { Origin: 'https://app.example' }
    expect((await send()).header('access-control-allow-origin')).toBe('https://shop.example')
    const again = await send({ headers: origin })
    expect([again.isReplay, again.header('access-control-allow-origin')]).toEqual([
      true,
      'https://app.example',
    ])
    const refused = await send({ headers: origin, body: '{"amount":1}' })
    expect([refused.status, refused.header('access-control-allow-origin')]).toEqual([
      422,
      'https://app.example',
    ])
  })

  it("lets the error handler turn the handler's own error into an answer, and runs again", async () => {
    let shouldFail = true
    const declining: Work = (event, context) => {
      if (shouldFail) throw Object.assign(new Error('declined'), { statusCode: 402, expose: true })
      return work(event, context)
    }
    const send = sender(middy.assemble(declining, [...outer(), idempotent(store)] as Middleware[]))
    expect((await send()).status).toBe(402)
    shouldFail = false
    expect(await send()).toMatchObject({ status: 201, isReplay: false })
  })
})
