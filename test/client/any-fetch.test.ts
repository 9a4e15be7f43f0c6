import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import nodeFetch from 'node-fetch'
import { type AttemptEnd, createIdempotentFetch, type IdempotentFetchOptions } from 'oncekey/client'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { sleepingClock } from './clock.ts'
import { answer, neverAnswer, problem, startServer } from './server.ts'

type Fetch = NonNullable<IdempotentFetchOptions['fetch']>

/** Sends with another implementation of `fetch`, which is told of the signal or not. */
const another =
  (obeys: boolean): Fetch =>
  async (request, { signal }) => {
    const body = Buffer.from(await request.arrayBuffer())
    const headers = Object.fromEntries(request.headers)
    return nodeFetch(request.url, { method: request.method, headers, body, ...(obeys && { signal }) })
  }

/** Functions that never end by themselves, whatever they are told. */
const endless: readonly [how: string, fetch: Fetch][] = [
  ['never settles', () => new Promise(() => undefined)],
  ['returns a body that never ends', async () => new Response(new ReadableStream())],
  ['ignores the signal', another(false)],
  ['obeys the signal', another(true)],
]

describe.each(endless)('a fetch that %s', (_how, fetch) => {
  const options = { fetch, clock: sleepingClock() }

  it('has no more time than attemptTimeoutMs for each attempt', async () => {
    const { url } = await startServer(neverAnswer)
    const call = createIdempotentFetch({ ...options, attemptTimeoutMs: 30, maxAttempts: 2 })(url, {
      method: 'POST',
    })
    await expect(call).rejects.toMatchObject({ name: 'NoAnswerError', attempts: 2 })
  })

  it('has no more time than is left of totalTimeoutMs', async () => {
    const { url } = await startServer(neverAnswer)
    const call = createIdempotentFetch({ ...options, totalTimeoutMs: 30, maxAttempts: 1 })(url, {
      method: 'POST',
    })
    await expect(call).rejects.toMatchObject({ name: 'NoAnswerError', cause: { name: 'TimeoutError' } })
  })

  it("ends with the caller's signal", async () => {
    const { url } = await startServer(neverAnswer)
    const controller = new AbortController()
    const reason = new Error('the user left')
    const call = createIdempotentFetch(options)(url, { method: 'POST', signal: controller.signal })
    setImmediate(() => controller.abort(reason))
    await expect(call).rejects.toBe(reason)
  })
})

it('sends nothing once the signal has aborted, though its fetch would', async () => {
  let sent = 0
  const fetch: Fetch = async () => {
    sent += 1
    return new Response()
  }
  const call = createIdempotentFetch({ fetch })('https://api.example', { signal: AbortSignal.abort(7) })
  await expect(call).rejects.toBe(7)
  expect(sent).toBe(0)
})

it('keeps a process alive until its time is over', async () => {
  const script = `
    import { createIdempotentFetch } from 'oncekey/client'
    const send = createIdempotentFetch({ fetch: () => new Promise(() => {}), attemptTimeoutMs: 50, maxAttempts: 1 })
    await send('https://api.example/payments').catch(({ name }) => console.log(name))`
  const parameters = ['--conditions=oncekey-source', '--input-type=module', '--eval', script]
  const { stdout } = await promisify(execFile)(process.execPath, parameters)
  expect(stdout).toBe('NoAnswerError\n')
})

describe('a response of another fetch', () => {
  const send = createIdempotentFetch({ fetch: another(true), clock: sleepingClock() })

  it('is read to its end and returned as one of the platform, however long it is', async () => {
    const text = 'x'.repeat(100_000)
    const { url } = await startServer(answer(201, { 'X-Trace': 'a' }, { text }))
    const response = await send(url, { method: 'POST', body: '{}' })
    expect(response).toBeInstanceOf(Response)
    expect([response.status, response.statusText, response.url]).toEqual([201, 'Created', url])
    expect(response.headers.get('x-trace')).toBe('a')
    expect(await response.json()).toEqual({ text })
  })

  it.each([204, 304])('without a body (%i) is returned', async (status) => {
    const { url } = await startServer((response) => response.writeHead(status).end())
    expect((await send(url, { method: 'POST' })).status).toBe(status)
  })

  it('is retried as its problem says', async () => {
    const { url, requests } = await startServer(problem(423, true), answer(201))
    expect((await send(url, { method: 'POST' })).status).toBe(201)
    expect(requests).toHaveLength(2)
  })
})

describe("a device's clock that is set during a call", () => {
  const setClockBy = (ms: number): void => {
    const nowMs = Date.now() + ms
    vi.spyOn(Date, 'now').mockReturnValue(nowMs)
    onTestFinished(() => void vi.restoreAllMocks())
  }
  const hourMs = 3_600_000

  it('back makes no wait longer than totalTimeoutMs', async () => {
    const fetch: Fetch = async () => {
      setClockBy(-hourMs)
      return new Response('', { status: 503, headers: { 'Retry-After': '600' } })
    }
    const attempts: AttemptEnd[] = []
    const options = { fetch, totalTimeoutMs: 60_000, onAttempt: (end: AttemptEnd) => attempts.push(end) }
    const response = await createIdempotentFetch(options)('http://localhost/')
    expect(response.status).toBe(503)
    expect(attempts).toHaveLength(1)
    expect(attempts[0]?.durationMs).toBeGreaterThanOrEqual(0)
  })

  it('forward ends no call early', async () => {
    let sent = 0
    const fetch: Fetch = async () => {
      sent += 1
      setClockBy(hourMs)
      return new Response('', { status: sent === 1 ? 503 : 201 })
    }
    const response = await createIdempotentFetch({ fetch, baseDelayMs: 1 })('http://localhost/')
    expect(response.status).toBe(201)
  })
})
