import {
  type AttemptEnd,
  createIdempotentFetch,
  type IdempotentFetchOptions,
  NoAnswerError,
} from 'oncekey/client'
import { describe, expect, it } from 'vitest'
import { sleepingClock } from './clock.ts'
import { answer, loseConnection, loseHalf, neverAnswer, problem, problemText, startServer } from './server.ts'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Returns a client whose clock does not really wait, with the longest possible random waits. */
function testFetch(options: IdempotentFetchOptions = {}) {
  const clock = sleepingClock()
  const attempts: AttemptEnd[] = []
  const idempotentFetch = createIdempotentFetch({
    clock,
    random: () => 1,
    onAttempt: (attempt) => attempts.push(attempt),
    ...options,
  })
  return { idempotentFetch, clock, attempts }
}

describe('the key', () => {
  it('is a fresh UUID for each call', async () => {
    const { url, requests } = await startServer(answer(201))
    const { idempotentFetch } = testFetch()
    await idempotentFetch(url, { method: 'POST' })
    await idempotentFetch(url, { method: 'POST' })
    const keys = requests.map(({ headers }) => headers['idempotency-key'])
    expect(keys).toEqual([expect.stringMatching(uuid), expect.stringMatching(uuid)])
    expect(new Set(keys).size).toBe(2)
  })

  it('holds the time at which it was made', async () => {
    const { url, requests } = await startServer(answer(201))
    const nowMs = Date.UTC(2030, 0, 1, 12, 30)
    await testFetch({ clock: sleepingClock(nowMs) }).idempotentFetch(url, { method: 'POST' })
    const digits = String(requests[0]?.headers['idempotency-key']).replaceAll('-', '').slice(0, 12)
    expect(Number.parseInt(digits, 16)).toBe(nowMs)
  })

  it('and the request stay the same on every attempt of a call', async () => {
    const { url, requests } = await startServer(loseConnection, answer(503), answer(201))
    const { idempotentFetch } = testFetch()
    const init = { method: 'POST', body: '{"amount":5}', headers: { 'X-Trace': 'a' } }
    expect((await idempotentFetch(url, init)).status).toBe(201)
    expect(requests).toHaveLength(3)
    expect(new Set(requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
    expect(requests.map(({ body }) => body)).toEqual(Array(3).fill('{"amount":5}'))
    expect(requests.map(({ headers }) => headers['x-trace'])).toEqual(['a', 'a', 'a'])
  })

  it('is not sent with another body because a form was encoded again', async () => {
    const { url, requests } = await startServer(answer(503), answer(201))
    const body = new FormData()
    body.set('amount', '5')
    await testFetch().idempotentFetch(url, { method: 'POST', body })
    expect(requests[0]?.body).toContain('amount')
    expect(requests[1]?.body).toBe(requests[0]?.body)
  })

  it('may be the caller’s own', async () => {
    const { url, requests } = await startServer(answer(201))
    const { idempotentFetch } = testFetch({ header: 'X-Key', newKey: () => 'made' })
    await idempotentFetch(url, { method: 'POST', idempotencyKey: 'order-1' })
    await idempotentFetch(url, { method: 'POST', headers: { 'x-key': 'order-2' } })
    await idempotentFetch(new Request(url, { method: 'PATCH', headers: { 'x-key': 'order-3' } }))
    await idempotentFetch(url, { method: 'POST' })
    expect(requests.map(({ headers }) => headers['x-key'])).toEqual(['order-1', 'order-2', 'order-3', 'made'])
  })

  it.each(['', ' padded ', 'two\nlines', 'zwölf €'])(
    '%j is refused before anything is sent, because a header cannot carry it',
    async (key) => {
      const { url, requests } = await startServer(answer(201))
      const call = testFetch().idempotentFetch(url, { method: 'POST', idempotencyKey: key })
      await expect(call).rejects.toThrow(TypeError)
      expect(requests).toEqual([])
    },
  )

  it('is refused if the browser would silently drop it', async () => {
    const { url, requests } = await startServer(answer(201))
    const call = testFetch().idempotentFetch(url, {
      method: 'POST',
      mode: 'no-cors',
      idempotencyKey: 'order-1',
    })
    await expect(call).rejects.toThrow(
      'idempotentFetch: cannot send idempotency key "order-1" as header Idempotency-Key. Use visible characters only, and a mode other than no-cors.',
    )
    expect(requests).toEqual([])
  })
})

describe('a response', () => {
  it.each<[string, ReturnType<typeof answer>]>([
    ['201', answer(201)],
    ['304', answer(304)],
    ['400', problem(400, false)],
    ['400 with retryable: true', problem(400, true)],
    ['401', answer(401)],
    ['404', answer(404)],
    ['410 replay-unavailable', problem(410, false)],
    ['422', problem(422, false)],
    ['422 with retryable: true', problem(422, true)],
    ['423', answer(423)],
    ['423 that is not retryable', problem(423, false)],
    ['423 with retryable: true in a body that is not a problem', answer(423, {}, { retryable: true })],
    ['409 of the application', answer(409)],
    ['409 of the application, with a problem without retryable', problem(409)],
    ['409 outcome-unknown', problem(409, false, { 'Stripe-Should-Retry': 'false' })],
    ['409 that is not retryable', problem(409, false, { 'Retry-After': '1' })],
    ['500 record-unreadable', problem(500, false)],
    ['503 with Stripe-Should-Retry: false', answer(503, { 'Stripe-Should-Retry': 'false' })],
    ['501', answer(501)],
    ['503 that is not retryable', problem(503, false)],
    ['507 with Stripe-Should-Retry: false', problem(507, true, { 'Stripe-Should-Retry': 'false' })],
  ])('%s is returned at once', async (_what, answerer) => {
    const { url, requests } = await startServer(answerer)
    const { idempotentFetch, attempts } = testFetch()
    const response = await idempotentFetch(url, { method: 'POST' })
    expect(requests).toHaveLength(1)
    expect(attempts).toEqual([expect.objectContaining({ number: 1, status: response.status })])
    expect(attempts[0]).not.toHaveProperty('waitMs')
  })

  it.each<[string, ReturnType<typeof answer>]>([
    ['409 in progress', problem(409, true, { 'Retry-After': '1' })],
    ['409 in progress, with Retry-After hidden by CORS', problem(409, true)],
    ['409 with Retry-After alone', answer(409, { 'Retry-After': '1' })],
    ['404 that is retryable', problem(404, true)],
    ['410 that is retryable', problem(410, true)],
    ['423 that is retryable, as configured for a run in progress', problem(423, true)],
    ['501 that is retryable', problem(501, true)],
    ['507 that is retryable', problem(507, true)],
    ['408', answer(408)],
    ['425', answer(425)],
    ['429', answer(429)],
    ['500', answer(500)],
    ['500 with a problem that is not JSON', problemText(500, '<html>')],
    ['500 with a problem that is null', problemText(500, 'null')],
    ['500 with a problem that is a string', problemText(500, '"retryable"')],
    ['503 with a problem without retryable', problem(503)],
    ['502', answer(502)],
    ['503', answer(503)],
    ['504', answer(504)],
    ['400 with Stripe-Should-Retry: true', answer(400, { 'Stripe-Should-Retry': 'true' })],
    ['lost connection', loseConnection],
    ['connection lost in the middle of the body', loseHalf],
  ])('%s is retried', async (_what, answerer) => {
    const { url, requests } = await startServer(
      answerer,
      answer(201, { 'Idempotent-Replayed': 'true' }, { id: 7 }),
    )
    const { idempotentFetch, attempts } = testFetch()
    const response = await idempotentFetch(url, { method: 'POST' })
    expect(response.status).toBe(201)
    expect(await response.json()).toEqual({ id: 7 })
    expect(requests).toHaveLength(2)
    expect(attempts.map(({ isReplay }) => isReplay)).toEqual([false, true])
  })

  it('can still be read, even if it is the last one that failed', async () => {
    const { url } = await startServer(problem(503, true))
    const response = await testFetch({ maxAttempts: 2 }).idempotentFetch(url, { method: 'POST' })
    expect(await response.json()).toEqual({ status: 503, retryable: true })
    expect(response.url).toBe(url)
  })
})

describe('the wait before another attempt', () => {
  it('doubles up to its limit', async () => {
    const { url } = await startServer(answer(503))
    const { idempotentFetch, clock } = testFetch({ maxAttempts: 6, baseDelayMs: 100, maxDelayMs: 500 })
    await idempotentFetch(url, { method: 'POST' })
    expect(clock.sleeps).toEqual([100, 200, 400, 500, 500])
  })

  it('is random between 0 and that', async () => {
    const { url } = await startServer(answer(503))
    const draws = [0, 0.5, 0.25]
    const { idempotentFetch, clock } = testFetch({
      maxAttempts: 4,
      baseDelayMs: 100,
      random: () => draws.shift() ?? 1,
    })
    await idempotentFetch(url, { method: 'POST' })
    expect(clock.sleeps).toEqual([0, 100, 100])
  })

  it('is at least the seconds of Retry-After, plus a jitter of up to baseDelayMs', async () => {
    const { url } = await startServer(
      answer(429, { 'Retry-After': '7' }),
      answer(429, { 'Retry-After': '0' }),
      answer(201),
    )
    const { idempotentFetch, clock, attempts } = testFetch({ baseDelayMs: 100 })
    await idempotentFetch(url, { method: 'POST' })
    expect(clock.sleeps).toEqual([7_100, 100])
    expect(attempts.map(({ waitMs }) => waitMs)).toEqual([7_100, 100, undefined])
  })

  it('lasts until the date of Retry-After, by the server’s own clock', async () => {
    const [date, later] = ['Wed, 21 Oct 2015 07:28:00 GMT', 'Wed, 21 Oct 2015 07:28:09 GMT']
    const { url } = await startServer(answer(503, { Date: date, 'Retry-After': later }), answer(201))
    const { idempotentFetch, clock } = testFetch({ random: () => 0 })
    await idempotentFetch(url, { method: 'POST' })
    expect(clock.sleeps).toEqual([9_000])
  })

  it('lasts until the date of Retry-After by the local clock if the response has no Date', async () => {
    const headers = { 'Retry-After': 'Tue, 01 Jan 2030 00:00:04 GMT' }
    const answers = [new Response('', { status: 503, headers }), new Response('')]
    const fetch = async () => answers.shift() ?? Response.error()
    const { idempotentFetch, clock } = testFetch({ random: () => 0, fetch })
    await idempotentFetch('http://127.0.0.1/', { method: 'POST' })
    expect(clock.sleeps).toEqual([4_000])
  })

  it.each(['soon', '-3', '1.5', '2', 'Tue, 01 Jan 2000 00:00:00 GMT', 'no GMT'])(
    'handles Retry-After: %j',
    async (value) => {
      const { url } = await startServer(answer(503, { 'Retry-After': value }), answer(201))
      const { idempotentFetch, clock } = testFetch({ baseDelayMs: 100 })
      await idempotentFetch(url, { method: 'POST' })
      expect(clock.sleeps).toEqual([value === '2' ? 2_100 : 100])
    },
  )
})

describe('the attempts', () => {
  it('end with the last response after maxAttempts', async () => {
    const { url, requests } = await startServer(answer(502))
    const { idempotentFetch } = testFetch()
    expect((await idempotentFetch(url, { method: 'POST' })).status).toBe(502)
    expect(requests).toHaveLength(5)
  })

  it('end if the next wait would exceed the total timeout', async () => {
    const { url, requests } = await startServer(
      answer(503, { 'Retry-After': '1' }),
      answer(503, { 'Retry-After': '60' }),
    )
    const { idempotentFetch, clock } = testFetch({ totalTimeoutMs: 60_000, random: () => 0 })
    expect((await idempotentFetch(url, { method: 'POST' })).status).toBe(503)
    expect(requests).toHaveLength(2)
    expect(clock.sleeps).toEqual([1_000])
  })

  it('without a response end with an error that has the key', async () => {
    const { url, requests } = await startServer(loseConnection)
    const { idempotentFetch, attempts } = testFetch({ maxAttempts: 3 })
    const error: unknown = await idempotentFetch(url, { method: 'POST', idempotencyKey: 'order-1' }).catch(
      (e) => e,
    )
    expect(error).toBeInstanceOf(NoAnswerError)
    expect(error).toMatchObject({
      name: 'NoAnswerError',
      key: 'order-1',
      attempts: 3,
      cause: expect.any(TypeError),
    })
    expect(String(error)).toContain(`POST ${url} in 3 attempts`)
    expect(requests).toHaveLength(3)
    expect(attempts.map(({ status, error }) => [status, error instanceof TypeError])).toEqual(
      Array(3).fill([undefined, true]),
    )
  })

  it('without a response end with an error that shows neither the query nor the fragment of the URL', async () => {
    const { url } = await startServer(loseConnection)
    const { idempotentFetch } = testFetch({ maxAttempts: 1 })
    const call = idempotentFetch(`${url}?token=secret#secret`, { method: 'POST' })
    await expect(call).rejects.toThrow(`No response to POST ${url} in one attempt`)
    await expect(call).rejects.not.toThrow(/secret/)
  })

  it('time out one by one', async () => {
    const { url, requests } = await startServer(neverAnswer, answer(201))
    const { idempotentFetch, attempts } = testFetch({ attemptTimeoutMs: 50 })
    expect((await idempotentFetch(url, { method: 'POST' })).status).toBe(201)
    expect(requests).toHaveLength(2)
    expect(attempts[0]?.error).toMatchObject({ name: 'TimeoutError' })
  })

  it('also time out in the middle of the body', async () => {
    const { url } = await startServer((response) => response.writeHead(200).write('{'), answer(201))
    const { idempotentFetch } = testFetch({ attemptTimeoutMs: 50 })
    expect((await idempotentFetch(url, { method: 'POST' })).status).toBe(201)
  })

  it('time out earlier if less of the total time is left', async () => {
    const { url } = await startServer(neverAnswer)
    const { idempotentFetch } = testFetch({ totalTimeoutMs: 50, maxAttempts: 1 })
    const call = idempotentFetch(url, { method: 'POST' })
    await expect(call).rejects.toMatchObject({ name: 'NoAnswerError', cause: { name: 'TimeoutError' } })
  })

  it('continue if the hook throws', async () => {
    const { url } = await startServer(answer(503), answer(201))
    const onAttempt = () => {
      throw new Error('hook failed')
    }
    const { idempotentFetch } = testFetch({ onAttempt })
    expect((await idempotentFetch(url, { method: 'POST' })).status).toBe(201)
  })

  it('continue if the hook rejects', async () => {
    const { url } = await startServer(answer(503), answer(201))
    const { idempotentFetch } = testFetch({ onAttempt: () => Promise.reject(new Error('hook failed')) })
    // An unhandled rejection would fail the run of the tests.
    expect((await idempotentFetch(url, { method: 'POST' })).status).toBe(201)
  })

  it('are reported with the code of the problem, which the application’s own 409 does not have', async () => {
    const { url } = await startServer(
      problem(409, true, {}, { code: 'in-flight' }),
      problem(409, undefined, {}, { code: 7 }),
    )
    const { idempotentFetch, attempts } = testFetch()
    await idempotentFetch(url, { method: 'POST' })
    expect(attempts.map(({ status, code }) => [status, code])).toEqual([
      [409, 'in-flight'],
      [409, undefined],
    ])
  })

  it('are reported with key, number, status and wait', async () => {
    const { url } = await startServer(answer(503), answer(201))
    const { idempotentFetch, attempts } = testFetch()
    await idempotentFetch(url, { method: 'POST', idempotencyKey: 'order-1' })
    expect(attempts).toEqual([
      { key: 'order-1', number: 1, durationMs: 0, status: 503, isReplay: false, waitMs: 250 },
      { key: 'order-1', number: 2, durationMs: 0, status: 201, isReplay: false },
    ])
  })
})

describe('the caller’s signal', () => {
  const reason = new Error('the user left')

  it('ends a running attempt, with its own reason', async () => {
    const controller = new AbortController()
    const { url, requests } = await startServer(() => controller.abort(reason))
    const call = testFetch().idempotentFetch(url, { method: 'POST', signal: controller.signal })
    await expect(call).rejects.toBe(reason)
    expect(requests).toHaveLength(1)
  })

  it('can come from a Request', async () => {
    const controller = new AbortController()
    const { url } = await startServer(() => controller.abort(reason))
    const call = testFetch().idempotentFetch(new Request(url, { method: 'POST', signal: controller.signal }))
    await expect(call).rejects.toBe(reason)
  })

  it('ends a wait at once', async () => {
    const controller = new AbortController()
    const { url, requests } = await startServer(answer(503, { 'Retry-After': '60' }))
    // With the system clock, a wait that ignored the signal would exceed the test's timeout.
    const idempotentFetch = createIdempotentFetch({
      onAttempt: () => setImmediate(() => controller.abort(reason)),
    })
    await expect(idempotentFetch(url, { method: 'POST', signal: controller.signal })).rejects.toBe(reason)
    expect(requests).toHaveLength(1)
  })

  it('prevents sending if it has already aborted', async () => {
    const { url, requests } = await startServer(answer(201))
    const call = testFetch().idempotentFetch(url, { method: 'POST', signal: AbortSignal.abort(reason) })
    await expect(call).rejects.toBe(reason)
    expect(requests).toEqual([])
  })
})

describe('options', () => {
  it.each<[IdempotentFetchOptions, string]>([
    [{ maxAttempts: 0 }, 'maxAttempts to be a number above 0, got 0.'],
    [{ attemptTimeoutMs: Number.NaN }, 'attemptTimeoutMs to be a number above 0, got NaN.'],
    [{ totalTimeoutMs: -1 }, 'totalTimeoutMs to be a number above 0, got -1.'],
    [{ baseDelayMs: 0 }, 'baseDelayMs to be a number above 0, got 0.'],
    [{ maxDelayMs: 0 }, 'maxDelayMs to be a number above 0, got 0.'],
  ])('with an invalid value are refused at once: %j', (options, message) => {
    expect(() => createIdempotentFetch(options)).toThrow(
      new TypeError(`createIdempotentFetch: expected ${message}`),
    )
  })

  it.each(['retries', 'constructor'])(
    'that do not exist are refused, and the existing ones listed: %s',
    (name) => {
      const known =
        'maxAttempts, attemptTimeoutMs, totalTimeoutMs, baseDelayMs, maxDelayMs, header, newKey, onAttempt, fetch, clock, random'
      expect(() => createIdempotentFetch({ [name]: 3 })).toThrow(
        new TypeError(`createIdempotentFetch: expected one of the options ${known}, got ${name}.`),
      )
    },
  )

  it('that are undefined take their defaults', async () => {
    const { url, requests } = await startServer(answer(502))
    const options: object = { maxAttempts: undefined, header: undefined }
    const { idempotentFetch } = testFetch(options)
    await idempotentFetch(url, { method: 'POST' })
    expect(requests).toHaveLength(5)
    expect(requests[0]?.headers['idempotency-key']).toMatch(uuid)
  })

  it('are optional', async () => {
    const { url, requests } = await startServer(answer(503, { 'Retry-After': '0' }), answer(201))
    expect((await createIdempotentFetch({ baseDelayMs: 1 })(url, { method: 'POST' })).status).toBe(201)
    expect((await createIdempotentFetch()(url, { method: 'POST' })).status).toBe(201)
    expect(requests).toHaveLength(3)
  })
})
