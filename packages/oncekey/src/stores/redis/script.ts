import { hash } from 'node:crypto'

/**
 * What must hold for a write to happen.
 * - `absent`: no record exists.
 * - `seen`: the record has this owner and this lease.
 * - `seen-in-flight`: the same, and it is in flight.
 * - `claim`: the record has this owner, is in flight and was not released; with a lease, also exactly this one.
 * - `never`: nothing is written, only read.
 */
export type Condition =
  | { readonly kind: 'absent' | 'never' }
  | { readonly kind: 'seen' | 'seen-in-flight'; readonly owner: string; readonly leaseUntilMs: number }
  | { readonly kind: 'claim'; readonly owner: string; readonly leaseUntilMs?: number }

/** What to write: on top of the record, in its place, or on top of it with its steps taken away. */
export interface Write {
  readonly how: 'merge' | 'replace' | 'drop-steps'
  readonly fields: Readonly<Record<string, string>>
  /** When the record expires, if that changes: Redis deletes it by itself a minute later. */
  readonly expiresAtMs?: number
}

/** Until a record is deleted it is the protocol that judges its expiry, by the store's own time. */
const DELETE_AFTER_MS = 60_000

/** Every field of a step's result begins so. */
export const STEP_PREFIX = 'step:'

/**
 * The one conditional step, whole: Redis runs nothing else while it runs. It answers whether it wrote (1) or not (0),
 * or that the key holds something that is no hash (2); Redis's own time; and the record as it then stands.
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
elseif kind == 'seen-in-flight' then
  holds = old[1] == owner and old[2] == lease and old[3] == 'in-flight'
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
  for i = 6, #ARGV, 2 do redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end
  if expires ~= '' then
    redis.call('PEXPIREAT', key, string.format('%.0f', math.max(tonumber(expires), nowMs) + ${DELETE_AFTER_MS}))
  end
end
return {holds and 1 or 0, now, redis.call('HGETALL', key)}
`

export const SCRIPT_SHA1: string = hash('sha1', SCRIPT)

/** The script's arguments, in its order. */
export function scriptArguments(condition: Condition, write?: Write): string[] {
  const owner = 'owner' in condition ? condition.owner : ''
  const lease = 'leaseUntilMs' in condition ? String(condition.leaseUntilMs) : ''
  const expires = write?.expiresAtMs === undefined ? '' : String(write.expiresAtMs)
  return [
    condition.kind,
    owner,
    lease,
    write?.how ?? '',
    expires,
    ...Object.entries(write?.fields ?? {}).flat(),
  ]
}
