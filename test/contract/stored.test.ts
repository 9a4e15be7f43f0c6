import { describe, expect, it } from 'vitest'
import { itemsOf } from '../support/items.ts'
import type { Work } from '../support/middies.ts'
import { eachDoorOnce, entrances, KEY, scenario } from './scenario.ts'

const PNG = Buffer.from('89504e470d0a1a0a', 'hex').toString('base64')

/** docs/http.md, "What is stored": the status of a handler's answer, and whether its repeat runs. */
const STORED = [200, 201, 204, 301, 302, 304, 400, 402, 404, 410, 422]
const RELEASED = [401, 403, 408, 409, 423, 425, 429, 500, 502, 503]

describe.each(entrances)('$entrance', (entrance) => {
  it('replays every status that is stored', async () => {
    let status = 0
    const { send, runs } = await scenario(entrance, {}, () => ({ statusCode: status, body: 'x' }))
    for (status of STORED) {
      const first = await send({ key: `k${status}` })
      const again = await send({ key: `k${status}` })
      expect([first.status, again.status, again.isReplay, again.body]).toEqual([status, status, true, 'x'])
    }
    expect(runs()).toBe(STORED.length)
  })

  it('runs again for every status that is not', async () => {
    let status = 0
    const { send, runs, outcomes } = await scenario(entrance, {}, () => ({ statusCode: status, body: 'x' }))
    for (status of RELEASED) {
      const first = await send({ key: `k${status}` })
      const again = await send({ key: `k${status}` })
      expect([first.status, again.status, again.isReplay]).toEqual([status, status, false])
    }
    expect(runs()).toBe(RELEASED.length * 2)
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['released']))
  })

  it('keeps headers but for those of one request, and marks the replay', async () => {
    const headers = {
      'Content-Type': 'application/vnd.api+json',
      Location: '/payments/1',
      ETag: '"1"',
      'Content-Language': 'de',
      'X-Custom': 'a',
      'Set-Cookie': 'session=1',
      Date: 'Sun, 22 Nov 2026 10:00:00 GMT',
      'X-Amzn-Trace-Id': 'Root=1',
      'Access-Control-Allow-Origin': 'https://shop.example',
    }
    const lists = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]))
    const maps = entrance.shape === 'alb-multi' ? { multiValueHeaders: lists } : { headers }
    const { send } = await scenario(entrance, {}, () => ({ statusCode: 201, ...maps, body: '{}' }))
    const first = await send()
    const again = await send()
    expect(first.header('set-cookie')).toBe('session=1')
    expect(first.header('idempotent-replayed')).toBeUndefined()
    expect(again.header('idempotent-replayed')).toBe('true')
    expect(again.header('idempotency-key')).toBe(first.header('idempotency-key'))
    const kept = ['content-type', 'location', 'etag', 'content-language', 'x-custom']
    expect(kept.map(again.header)).toEqual(kept.map(first.header))
    const gone = ['set-cookie', 'date', 'x-amzn-trace-id', 'access-control-allow-origin']
    expect(gone.map(again.header)).toEqual(gone.map(() => undefined))
  })

  it('replays bytes as bytes', async () => {
    const { send } = await scenario(entrance, {}, () => ({
      statusCode: 200,
      body: PNG,
      isBase64Encoded: true,
    }))
    const first = await send()
    expect((await send()).body).toBe(first.body)
    expect(Buffer.from(first.body, 'latin1').toString('base64')).toBe(PNG)
  })

  it('replays 600 KB that compress, and 600 KB that do not', async () => {
    const bodies = ['ab'.repeat(300_000), randomText(600_000)]
    let run = 0
    const { send, runs } = await scenario(entrance, {}, () => ({ statusCode: 200, body: bodies[run++] }))
    for (const [at, body] of bodies.entries()) {
      await send({ key: `k${at}` })
      const again = await send({ key: `k${at}` })
      expect([again.isReplay, again.body === body]).toEqual([true, true])
    }
    expect(runs()).toBe(2)
  })
})

describe.each(eachDoorOnce)('$entrance', (entrance) => {
  it('runs again after the handler threw, and answers its own error', async () => {
    let shouldFail = true
    const { send, runs, outcomes } = await scenario(entrance, {}, () => {
      if (shouldFail) throw new Error('declined')
      return { statusCode: 201, body: 'paid' }
    })
    await expect(send()).rejects.toThrow('declined')
    shouldFail = false
    expect((await send()).body).toBe('paid')
    expect(runs()).toBe(2)
    expect(outcomes.map(({ outcome, attempt }) => [outcome, attempt])).toEqual([
      ['released', 1],
      ['executed', 2],
    ])
  })

  // docs/concepts.md, "The rule".
  it.each<[how: string, refuse: () => unknown, corrected: number]>([
    ['was returned is refused', () => ({ statusCode: 400 }), 422],
    [
      'was returned with no-store runs',
      () => ({ statusCode: 400, headers: { 'Oncekey-Store': 'no-store' } }),
      201,
    ],
    ['was thrown runs', () => Promise.reject(new Error('no amount')), 201],
  ])('A corrected request after a 400 that %s', async (_how, refuse, corrected) => {
    const work: Work = (event) =>
      String(Object(event).body).includes('amount') ? { statusCode: 201 } : refuse()
    const { send } = await scenario(entrance, {}, work)
    await send({ body: '{}' }).catch(() => undefined)
    expect((await send({ body: '{"amount":1}' })).status).toBe(corrected)
  })

  it('does not run again after undefined', async () => {
    const { send, runs } = await scenario(entrance, {}, () => undefined)
    await send()
    await send()
    expect(runs()).toBe(1)
  })

  it('completes the record that it claimed, whatever the handler does to its event', async () => {
    const { send, runs } = await scenario(entrance, {}, (event) => {
      if (typeof event === 'object' && event !== null) {
        for (const member of Object.keys(event)) Reflect.set(event, member, null)
      }
      return { statusCode: 201, body: 'x' }
    })
    await send()
    expect((await send()).isReplay).toBe(true)
    expect(runs()).toBe(1)
  })

  it('Profile stripe keeps every answer of the handler, and a thrown error as a bare 500', async () => {
    let status: number | undefined = 500
    const { send, runs } = await scenario(entrance, { profile: 'stripe' }, () => {
      if (status === undefined) throw new Error('broken')
      return { statusCode: status, body: 'x' }
    })
    await send({ key: 'returned' })
    expect(await send({ key: 'returned' })).toMatchObject({ status: 500, isReplay: true, body: 'x' })
    status = undefined
    await expect(send({ key: 'thrown' })).rejects.toThrow('broken')
    expect(await send({ key: 'thrown' })).toMatchObject({ status: 500, isReplay: true, body: '' })
    expect(runs()).toBe(2)
  })

  it('Profile success-only keeps 2xx alone', async () => {
    let status = 404
    const { send, runs } = await scenario(entrance, { profile: 'success-only' }, () => ({
      statusCode: status,
      body: '',
    }))
    await send()
    status = 200
    expect((await send()).status).toBe(200)
    expect((await send()).isReplay).toBe(true)
    expect(runs()).toBe(2)
  })

  it('shouldStore has the last word', async () => {
    const shouldStore = ({ statusCode }: { statusCode: number }) => statusCode === 500
    const { send, runs } = await scenario(entrance, { shouldStore }, () => ({ statusCode: 500, body: '' }))
    await send()
    expect((await send()).isReplay).toBe(true)
    expect(runs()).toBe(1)
  })

  it('Oncekey-Store lets a response say no, and is not sent on', async () => {
    const headers = { 'Oncekey-Store': 'no-store' }
    const { send, runs } = await scenario(entrance, {}, () => ({ statusCode: 200, headers, body: '' }))
    expect((await send()).header('oncekey-store')).toBeUndefined()
    await send()
    expect(runs()).toBe(2)
  })

  it('Oncekey-Store sets how long a response is kept', async () => {
    const headers = { 'Oncekey-Store': 'max-age=3600' }
    const { send, table } = await scenario(entrance, {}, () => ({ statusCode: 200, headers, body: '' }))
    await send()
    const [item] = await itemsOf(table)
    expect(Number(item?.expiresAt?.N)).toBe(Math.ceil((Number(item?.completedAtMs?.N) + 3_600_000) / 1000))
  })

  it('redact changes what is stored and not what is answered', async () => {
    const redact = (response: object) => ({ ...response, statusCode: 201, body: '{"card":"***"}' })
    const { send } = await scenario(entrance, { redact }, () => ({
      statusCode: 201,
      body: '{"card":"4242"}',
    }))
    expect((await send()).body).toBe('{"card":"4242"}')
    expect((await send()).body).toBe('{"card":"***"}')
  })

  it('A result that could not be kept is 410 with the status it had', async () => {
    const redact = () => {
      throw new Error('broken rule')
    }
    const { send, runs } = await scenario(entrance, { redact }, () => ({ statusCode: 201, body: 'secret' }))
    expect((await send()).body).toBe('secret')
    const again = await send()
    expect(again).toMatchObject({ status: 410, code: 'replay-unavailable' })
    expect(JSON.parse(again.body)).toMatchObject({ originalStatus: 201 })
    expect(again.body).not.toContain('secret')
    expect(runs()).toBe(1)
  })

  it('onReplay changes replays alone, and a broken one changes nothing', async () => {
    let broken = false
    const onReplay = (answer: unknown): unknown => {
      if (broken) throw new Error('hook')
      return { ...Object(answer), body: 'changed' }
    }
    const { send } = await scenario(entrance, { onReplay })
    expect((await send()).body).toBe('{"id":"p_1"}')
    expect((await send()).body).toBe('changed')
    broken = true
    expect((await send()).body).toBe('{"id":"p_1"}')
  })

  it('A broken onOutcome changes nothing', async () => {
    const onOutcome = () => {
      throw new Error('metrics are down')
    }
    const { send } = await scenario(entrance, { onOutcome })
    expect((await send()).status).toBe(201)
    expect((await send()).isReplay).toBe(true)
  })

  it('echoes a well-formed key on the refusal of a request whose caller is unknown', async () => {
    const { send } = await scenario(entrance, { requirePrincipal: true })
    const refused = await send({ caller: null })
    expect(refused.status).toBe(500)
    expect(refused.header('idempotency-key')).toBe(KEY)
  })

  it('legacyHeaders says hit or miss', async () => {
    const { send } = await scenario(entrance, { legacyHeaders: true })
    expect((await send()).header('x-idempotency-cache-status')).toBe('MISS')
    const again = await send()
    expect(again.header('x-idempotency-cache-status')).toBe('HIT')
    expect(again.header('x-idempotency-key')).toBe(again.header('idempotency-key'))
  })
})

function randomText(length: number): string {
  let seed = 7
  const next = (): string => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return String.fromCharCode(33 + (Math.floor(seed / 65_536) % 90))
  }
  return Array.from({ length }, next).join('')
}
