import { httpApiEvent, restEvent } from 'oncekey/testing'
import { describe, expect, it } from 'vitest'
import { accepted, NOW_MS, refused } from './identified.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const options = { maxKeyAgeMs: DAY_MS }

function uuid7(atMs: number): string {
  const hex = atMs.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7cc3-98c4-dc0c0c07398f`
}

function ulid(atMs: number): string {
  let time = ''
  for (let rest = atMs; time.length < 10; rest = Math.floor(rest / 32)) {
    time = `${'0123456789ABCDEFGHJKMNPQRSTVWXYZ'[rest % 32]}${time}`
  }
  return `${time}TSV4RRFFQ69G5FAV`
}

const kinds = [
  { kind: 'UUIDv7', make: uuid7 },
  { kind: 'UUIDv7 in upper case', make: (atMs: number) => uuid7(atMs).toUpperCase() },
  { kind: 'ULID', make: ulid },
  { kind: 'ULID in lower case', make: (atMs: number) => ulid(atMs).toLowerCase() },
]

describe('the examples of the specifications', () => {
  it.each([
    {
      row: 'RFC 9562 §A.6',
      key: '017F22E2-79B0-7CC3-98C4-DC0C0C07398F',
      atMs: Date.UTC(2022, 1, 22, 19, 22, 22),
    },
    { row: 'github.com/ulid/spec', key: '01ARYZ6S41TSV4RRFFQ69G5FAV', atMs: 1_469_918_176_385 },
  ])('are as old as they say: $row', ({ key, atMs }) => {
    const ageMs = NOW_MS - atMs
    const event = httpApiEvent({ key })
    expect(accepted(event, { maxKeyAgeMs: ageMs }).expiredKey).toBeUndefined()
    expect(accepted(event, { maxKeyAgeMs: ageMs - 1 }).expiredKey?.message).toContain(`${ageMs} ms`)
  })
})

describe.each(kinds)('a $kind key with maxKeyAgeMs', ({ make }) => {
  it.each([
    { what: 'new', offsetMs: 0 },
    { what: 'as old as may be', offsetMs: -DAY_MS },
    { what: 'from a clock a minute ahead', offsetMs: 60_000 },
  ])('runs if it is $what', ({ offsetMs }) => {
    expect(accepted(httpApiEvent({ key: make(NOW_MS + offsetMs) }), options).expiredKey).toBeUndefined()
  })

  it.each([
    { what: 'older than the retention', offsetMs: -DAY_MS - 1 },
    { what: 'years old', offsetMs: -3000 * DAY_MS },
    { what: 'from the future', offsetMs: 60_001 },
    { what: 'from a far future', offsetMs: 3000 * DAY_MS },
  ])('only replays if it is $what', ({ offsetMs }) => {
    const { expiredKey, key } = accepted(restEvent({ key: `"${make(NOW_MS + offsetMs)}"` }), options)
    expect(expiredKey).toMatchObject({ name: 'KeyInvalidError', code: 'key-expired', retryable: false })
    expect(key).toBe(make(NOW_MS + offsetMs))
  })

  it('is not looked at without the option', () => {
    expect(accepted(httpApiEvent({ key: make(1) })).expiredKey).toBeUndefined()
  })
})

describe('a key that carries no time', () => {
  it.each([
    { what: 'UUIDv4', key: '8e03978e-40d5-43e8-bc93-6894a57f9324' },
    { what: 'UUIDv1', key: 'c232ab00-9414-11ec-b3c8-9f6bdeced846' },
    { what: 'UUIDv7 of another variant', key: '017f22e2-79b0-7cc3-c8c4-dc0c0c07398f' },
    { what: 'UUIDv7 with more behind', key: '017f22e2-79b0-7cc3-98c4-dc0c0c07398f-1' },
    { what: 'UUIDv7 with more before', key: 'k017f22e2-79b0-7cc3-98c4-dc0c0c07398f' },
    { what: '26 characters that are no ULID', key: '01ARYZ6S41TSV4RRFFQ69G5FAU' },
    { what: 'a ULID beyond the largest', key: '81ARYZ6S41TSV4RRFFQ69G5FAV' },
    { what: 'a name', key: 'order-1' },
  ])('passes: $what (only a UUIDv7 or a ULID tells its age)', ({ key }) => {
    expect(accepted(httpApiEvent({ key }), options).expiredKey).toBeUndefined()
  })
})

describe('the largest times', () => {
  it.each(['ffffffff-ffff-7fff-bfff-ffffffffffff', '7ZZZZZZZZZZZZZZZZZZZZZZZZZ'])(
    'are from the future: %s',
    (key) => {
      expect(accepted(httpApiEvent({ key }), options).expiredKey?.message).toContain('future')
    },
  )
})

describe('a key from a function', () => {
  it('is held to its age too', () => {
    expect(accepted(httpApiEvent(), { ...options, key: () => ulid(1) }).expiredKey?.code).toBe('key-expired')
  })

  it('is refused as malformed before its age counts', () => {
    expect(refused(httpApiEvent(), { ...options, key: () => `${ulid(1)}\n` }).error.code).toBe('key-invalid')
  })
})
