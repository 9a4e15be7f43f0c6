import { KeyInvalidError } from '../protocol/errors.ts'

/** A client's clock may be this far ahead before its key counts as one from the future. */
const SKEW_MS = 60_000

const UUID_V7 = /^([\da-f]{8})-([\da-f]{4})-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/i
const ULID = /^([0-7][\dA-HJKMNP-TV-Z]{9})[\dA-HJKMNP-TV-Z]{16}$/i
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/**
 * The answer to a key that is too old, or comes from the future; `undefined` if it is neither, carries no time, or no
 * age is too old.
 * @see RFC 9562 §5.7 (UUIDv7); github.com/ulid/spec
 */
export function findStaleKey(
  key: string,
  maxKeyAgeMs: number | undefined,
  nowMs: number,
): KeyInvalidError | undefined {
  if (maxKeyAgeMs === undefined) return undefined
  const madeAtMs = timeOf(key)
  if (madeAtMs === undefined) return undefined
  const ageMs = nowMs - madeAtMs
  if (ageMs >= -SKEW_MS && ageMs <= maxKeyAgeMs) return undefined
  const fault =
    ageMs < 0
      ? `comes from the future (${new Date(madeAtMs).toISOString()})`
      : `is ${ageMs} ms old; at most ${maxKeyAgeMs} ms are accepted`
  return new KeyInvalidError(
    `Idempotency key ${JSON.stringify(key)} ${fault}: look up what became of its request, or send it under a new key.`,
    { code: 'key-expired' },
  )
}

/** Epoch milliseconds. */
function timeOf(key: string): number | undefined {
  const uuid = UUID_V7.exec(key)
  if (uuid !== null) return Number.parseInt(`${uuid[1]}${uuid[2]}`, 16)
  const ulid = ULID.exec(key)?.[1]
  if (ulid === undefined) return undefined
  return [...ulid.toUpperCase()].reduce((timeMs, digit) => timeMs * 32 + CROCKFORD.indexOf(digit), 0)
}
