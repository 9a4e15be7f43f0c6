import { manualClock } from 'oncekey/testing'
import { describe, expect, it } from 'vitest'
import { ResultUnavailableError } from '../../packages/oncekey/src/core/errors.ts'
import { idempotentHandler } from '../../packages/oncekey/src/entries/handler.ts'
import { memoryStore } from '../../packages/oncekey/src/stores/memory.ts'
import { eventConsumer } from './event-consumer.ts'
import { eventBridgeEvent, lambdaContext } from './fixtures.ts'

describe('the caller of an event, by the option principal', () => {
  interface Order {
    readonly tenant?: string
    readonly order: string
  }
  const key = ({ order }: Order) => order
  const principal = ({ tenant }: Order) => tenant

  it('has keys that no other caller meets', async () => {
    const { handle, runs } = eventConsumer(memoryStore(), { key, principal })
    const [ofAcme, ofBolt] = [
      { tenant: 'acme', order: '1' },
      { tenant: 'bolt', order: '1' },
    ]
    expect(await handle(ofAcme)).toEqual({ run: 1, key: '1' })
    expect(await handle(ofBolt)).toEqual({ run: 2, key: '1' })
    expect(await handle(ofAcme)).toEqual({ run: 1, key: '1' })
    expect(runs()).toBe(2)
  })

  it('is nobody if it names none, and all those share their keys', async () => {
    const { handle, runs } = eventConsumer(memoryStore(), { key, principal })
    expect([await handle({ order: '1' }), await handle({ order: '1' })]).toEqual([
      { run: 1, key: '1' },
      { run: 1, key: '1' },
    ])
    await handle({ tenant: 'acme', order: '1' })
    expect(runs()).toBe(2)
  })

  it.each([
    ['nobody is named', principal],
    ['nobody can be named', undefined],
  ])('must be somebody where requirePrincipal is set, and %s', async (_how, named) => {
    const { handle, runs } = eventConsumer(memoryStore(), {
      key,
      requirePrincipal: true,
      ...(named && { principal: named }),
    })
    await expect(handle({ order: '1' })).rejects.toMatchObject({
      name: 'KeyInvalidError',
      code: 'identity-unknown',
      message: expect.stringContaining('The caller is not identified'),
    })
    expect(runs()).toBe(0)
  })

  it('may run where requirePrincipal is set, if it is somebody', async () => {
    const { handle } = eventConsumer(memoryStore(), { key, principal, requirePrincipal: true })
    expect(await handle({ tenant: 'acme', order: '1' })).toEqual({ run: 1, key: '1' })
  })

  it.each<[string, () => unknown, string]>([
    ['is no name', () => 7, 'principal to return a name, got number'],
    ['is an empty one', () => ' ', 'principal to return a name, got an empty one'],
    ['cannot be found out', () => JSON.parse(''), "the service's function principal threw"],
  ])('that %s is refused', async (_how, wrong, message) => {
    const { handle, runs } = eventConsumer(memoryStore(), { key, principal: wrong as () => string })
    await expect(handle({ order: '1' })).rejects.toMatchObject({
      code: 'identity-unknown',
      message: expect.stringContaining(message),
    })
    expect(runs()).toBe(0)
  })

  it('is not asked for where the key is the source’s own', async () => {
    const { handle, runs } = eventConsumer(memoryStore(), {
      principal: () => {
        throw new Error('no tenant in it')
      },
      requirePrincipal: true,
    })
    for (const _ of [1, 2]) expect(await handle(eventBridgeEvent('e-1'))).toEqual({ run: 1, key: 'e-1' })
    expect(runs()).toBe(1)
  })
})

describe('what a key of an event must be like', () => {
  it.each([
    ['at least so long', { minLength: 8 }, 'order-7', 'expected at least 8 characters, got "order-7"'],
    ['of this pattern', { pattern: /^order-\d{8}$/ }, 'order-7', 'expected a match of /^order-\\d{8}$/'],
  ])('is %s, and what is not is refused', async (_rule, rules, wrong, message) => {
    const { handle, runs } = eventConsumer(memoryStore(), {
      key: ({ order }: { order: string }) => order,
      ...rules,
    })
    await expect(handle({ order: wrong })).rejects.toMatchObject({
      name: 'KeyInvalidError',
      code: 'key-invalid',
      message: expect.stringContaining(`The key of this event is malformed: ${message}`),
    })
    expect(runs()).toBe(0)
    expect(await handle({ order: 'order-12345678' })).toEqual({ run: 1, key: 'order-12345678' })
  })

  it('is not asked of a source’s own key', async () => {
    const { handle } = eventConsumer(memoryStore(), { minLength: 255, pattern: /^order-/ })
    expect(await handle(eventBridgeEvent('e-1'))).toEqual({ run: 1, key: 'e-1' })
  })
})

describe('a key of an event that carries its time', () => {
  const hourMs = 3_600_000
  const ageable = (clock = manualClock()) => {
    const timeHex = clock.nowMs().toString(16).padStart(12, '0')
    const key = `${timeHex.slice(0, 8)}-${timeHex.slice(8)}-7abc-8def-0123456789ab`
    return {
      clock,
      key,
      ...eventConsumer(memoryStore(clock), { key: () => key, maxKeyAgeMs: hourMs, clock }),
    }
  }

  it('is refused if it is older than maxKeyAgeMs', async () => {
    const { clock, handle, runs } = ageable()
    clock.advance(hourMs + 1)
    await expect(handle({})).rejects.toMatchObject({
      name: 'KeyInvalidError',
      code: 'key-expired',
      message: expect.stringContaining(`is ${hourMs + 1} ms old`),
    })
    expect(runs()).toBe(0)
  })

  it('is answered however old it is, while its record lives', async () => {
    const { clock, key, handle, runs } = ageable()
    clock.advance(hourMs)
    expect(await handle({})).toEqual({ run: 1, key })
    clock.advance(10 * hourMs)
    expect(await handle({})).toEqual({ run: 1, key })
    clock.advance(24 * hourMs)
    await expect(handle({})).rejects.toHaveProperty('code', 'key-expired')
    expect(runs()).toBe(1)
  })

  it('is not looked at where the source gave it', async () => {
    const { clock, key } = ageable()
    clock.advance(2 * hourMs)
    const { handle } = eventConsumer(memoryStore(clock), { maxKeyAgeMs: hourMs, clock })
    expect(await handle(eventBridgeEvent(key))).toEqual({ run: 1, key })
  })
})

describe('what is kept of an event’s result', () => {
  it('is what redact leaves of it, while the first caller gets the whole', async () => {
    const seen: unknown[] = []
    const { handle } = eventConsumer(memoryStore(), {
      redact: (response) => {
        seen.push(response)
        return { ...response, body: { run: 'hidden' } }
      },
    })
    expect(await handle(eventBridgeEvent('e-1'))).toEqual({ run: 1, key: 'e-1' })
    expect(await handle(eventBridgeEvent('e-1'))).toEqual({ run: 'hidden' })
    expect(seen).toEqual([{ statusCode: 200, body: { run: 1, key: 'e-1' } }])
  })

  it('is nothing if redact fails, and the work stays done', async () => {
    const { handle, runs } = eventConsumer(memoryStore(), { redact: () => JSON.parse('') })
    expect(await handle(eventBridgeEvent('e-1'))).toEqual({ run: 1, key: 'e-1' })
    const repeat = handle(eventBridgeEvent('e-1'))
    await expect(repeat).rejects.toThrow(ResultUnavailableError)
    await expect(repeat).rejects.toHaveProperty('status', undefined)
    expect(runs()).toBe(1)
  })

  it('is nothing if shouldStore says so, and the next delivery runs again', async () => {
    const { handle, runs } = eventConsumer(memoryStore(), {
      shouldStore: ({ statusCode, body }) => statusCode === 200 && Object(body).run > 1,
    })
    for (const run of [1, 2, 2]) expect(await handle(eventBridgeEvent('e-1'))).toEqual({ run, key: 'e-1' })
    expect(runs()).toBe(2)
  })

  it.each([
    ['a status', { statusCode: 500, headers: { 'Oncekey-Store': 'no-store' }, body: 'x' }],
    ['cookies', { statusCode: 200, cookies: ['a=1'], headers: { Date: 'today' } }],
    ['a body that can be read only once', { id: 7, body: { getReader: () => undefined } }],
  ])('is all of it, though a response over HTTP with %s would lose some', async (_what, result) => {
    let runs = 0
    const handler = idempotentHandler(
      () => {
        runs += 1
        return result
      },
      memoryStore(),
      { profile: 'success-only' },
    )
    expect(await handler(eventBridgeEvent('e-1'), lambdaContext())).toBe(result)
    expect(await handler(eventBridgeEvent('e-1'), lambdaContext())).toEqual(
      JSON.parse(JSON.stringify(result)),
    )
    expect(runs).toBe(1)
  })
})
