import { hash } from 'node:crypto'
import { STEP_PREFIX } from '../codec.ts'

/** The fields of a Redis hash. */
export type Fields = Readonly<Record<string, string>>

/**
 * A condition on which a write depends.
 * - `absent`: no record exists.
 * - `seen`: the record has this owner and this lease.
 * - `claim`: the record has this owner, is in flight and was not released; with a lease, also exactly this one.
 * - `never`: nothing is written, only read.
 */
export type Condition =
  | { readonly kind: 'absent' | 'never' }
  | { readonly kind: 'seen'; readonly owner: string; readonly leaseUntilMs: number }
  | { readonly kind: 'claim'; readonly owner: string; readonly leaseUntilMs: number | undefined }

/** A write: on top of the record, in its place, or on top of it without its steps. */
export interface Write {
  readonly how: 'merge' | 'replace' | 'drop-steps'
  readonly fields: Fields
  /** When the record expires, if that changes: Redis itself deletes it a minute later. */
  readonly expiresAtMs?: number
}

/** Removes the field that has this value in a write. No field of a record is empty. */
export const ABSENT = ''

/** Until a record is deleted it is the protocol that judges its expiry, by the store's own time. */
const DELETE_AFTER_MS = 60_000

/**
 * The one conditional write, whole: Redis runs nothing else while it runs. It returns whether it wrote (1) or not (0),
 * or that the key holds something other than a hash (2); Redis's own time; and the record as it then stands.
 */
export const SCRIPT: string = `
local kind, owner, lease, how, expires = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local key = KEYS[1]
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local now = string.format('%.0f', nowMs)
local type = redis.call('TYPE', key).ok
if type ~= 'hash' and type ~= 'none' then return {2, now, {}} end
local old = redis.call('HMGET', key, 'owner', 'leaseUntilMs', 'status')
local holds = false
if kind == 'absent' then
  holds = type == 'none'
elseif kind == 'seen' then
  holds = old[1] == owner and old[2] == lease
elseif kind == 'claim' then
  holds = old[1] == owner and old[3] == 'in-flight' and old[2] ~= '0' and (lease == '' or old[2] == lease)
end
if holds then
  if how == 'replace' then redis.call('DEL', key) end
  if how == 'drop-steps' then
    for _, field in ipairs(redis.call('HKEYS', key)) do
      if string.sub(field, 1, ${STEP_PREFIX.length}) == '${STEP_PREFIX}' then redis.call('HDEL', key, field) end
    end
  end
  for i = 6, #ARGV, 2 do
    if ARGV[i + 1] == '${ABSENT}' then
      redis.call('HDEL', key, ARGV[i])
    else
      redis.call('HSET', key, ARGV[i], ARGV[i + 1])
    end
  end
  if expires ~= '' then
    redis.call('PEXPIREAT', key, string.format('%.0f', math.max(tonumber(expires), nowMs) + ${DELETE_AFTER_MS}))
  end
end
return {holds and 1 or 0, now, redis.call('HGETALL', key)}
`

export const SCRIPT_SHA1: string = hash('sha1', SCRIPT)

/** Returns the script's arguments, in its order. */
export function scriptArguments(condition: Condition, write?: Write): string[] {
  const { owner = '', leaseUntilMs = '' } = 'owner' in condition ? condition : {}
  const { how = '', expiresAtMs = '', fields = {} } = write ?? {}
  return [condition.kind, owner, `${leaseUntilMs}`, how, `${expiresAtMs}`, ...Object.entries(fields).flat()]
}
