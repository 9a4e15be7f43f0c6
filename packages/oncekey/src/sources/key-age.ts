import { KeyInvalidError } from '../core/errors.ts'

/** A key counts as one from the future if its client's clock is further ahead. */
const TOLERANCE_MS = 60_000
/** The most that this process's clock may be behind the store's without anybody noticing. */
const OWN_TOLERANCE_MS = 2_000

const UUID_V7 = /^([\da-f]{8})-([\da-f]{4})-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/i
const ULID = /^([0-7][\dA-HJKMNP-TV-Z]{9})[\dA-HJKMNP-TV-Z]{16}$/i
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Returns how long after its first use a key may still be accepted: its clock may have been ahead, and ours behind. */
export function lastUseMs(maxKeyAgeMs: number): number {
  return maxKeyAgeMs + TOLERANCE_MS + OWN_TOLERANCE_MS
}

/**
 * Returns the refusal of a key that is older than `maxKeyAgeMs` or comes from the future; `undefined` for any other
 * key, for one that carries no time, and if no age is set.
 * @see RFC 9562 §5.7 (UUIDv7); github.com/ulid/spec
 */
export function findExpiredKey(
  key: string,
  maxKeyAgeMs: number | undefined,
  nowMs: number,
): KeyInvalidError | undefined {
  if (maxKeyAgeMs === undefined) return undefined
  const createdAtMs = timeOf(key)
  if (createdAtMs === undefined) return undefined
  const ageMs = nowMs - createdAtMs
  if (ageMs >= -TOLERANCE_MS && ageMs <= maxKeyAgeMs) return undefined
  const fault =
    ageMs < 0
      ? `is from the future (${new Date(createdAtMs).toISOString()})`
      : `is ${ageMs} ms old, and at most ${maxKeyAgeMs} ms are accepted`
  return new KeyInvalidError(
    `Idempotency key ${JSON.stringify(key)} ${fault}. Check whether its request took effect before you send it again with a new key.`,
    { code: 'key-expired' },
  )
}

/** Returns the epoch milliseconds that a UUIDv7 or ULID carries. */
function timeOf(key: string): number | undefined {
  const uuid = UUID_V7.exec(key)
  if (uuid !== null) return Number.parseInt(`${uuid[1]}${uuid[2]}`, 16)
  const ulid = ULID.exec(key)?.[1]
  if (ulid === undefined) return undefined
  return [...ulid.toUpperCase()].reduce((timeMs, digit) => timeMs * 32 + CROCKFORD.indexOf(digit), 0)
}
