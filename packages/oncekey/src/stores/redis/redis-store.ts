import { RecordUnreadableError } from '../../protocol/errors.ts'
import type { CallLimits, ClaimAnswer, Store, WriteAnswer } from '../../protocol/store.ts'
import { createRunScript, type RedisClient } from './client.ts'
import { claimFields, completionFields, readRecord, recordFields, writeResult } from './record.ts'
import { type Condition, STEP_PREFIX, scriptArguments, type Write } from './script.ts'

export type { IoRedisClient, NodeRedisClient, RedisClient } from './client.ts'

export interface RedisStoreOptions {
  /** Stands before every key, so that a server may hold other things too. @default 'oncekey:' */
  readonly prefix?: string
}

/**
 * A store on Redis (6 or later) or Valkey, through the user's own client of `redis`, `ioredis` or `iovalkey`.
 * One key holds one record, so that a cluster will do. It has no transactions with DynamoDB, so `commit` is refused.
 *
 * What is promised holds as long as Redis keeps what it was told: with `maxmemory-policy noeviction`, and short of a
 * fail-over that loses the last writes.
 *
 * @param client connected by the caller, who also closes it.
 * @throws TypeError if the client cannot run scripts.
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): Store {
  const runScript = createRunScript(client)
  const { prefix = 'oncekey:' } = options

  const ask = async (
    id: string,
    limits: CallLimits,
    condition: Condition,
    write?: Write,
  ): Promise<Exclude<ClaimAnswer, { kind: 'busy' }>> => {
    const reply = await runScript(prefix + id, scriptArguments(condition, write), limits)
    if (!Array.isArray(reply) || !Array.isArray(reply[2]))
      throw new TypeError('redisStore: expected a reply of its script')
    const [said, now, flat] = reply
    if (Number(said) === 2) throw new RecordUnreadableError(id, 'its key holds something else than a hash')
    const nowMs = Number(now)
    const record = readRecord(id, fieldsOf(flat))
    if (Number(said) === 1 && record !== undefined) return { kind: 'written', nowMs, record }
    return { kind: 'refused', nowMs, record }
  }

  const askAsOwner = async (...asked: Parameters<typeof ask>): Promise<WriteAnswer> => {
    const answer = await ask(...asked)
    return answer.kind === 'written' ? { kind: 'written' } : answer
  }

  return {
    insert: (record, limits) =>
      ask(
        record.id,
        limits,
        { kind: 'absent' },
        { how: 'replace', fields: recordFields(record), expiresAtMs: record.expiresAtMs },
      ),
    replace: (record, seen, limits) =>
      ask(
        record.id,
        limits,
        { kind: 'seen', ...seen },
        { how: 'replace', fields: recordFields(record), expiresAtMs: record.expiresAtMs },
      ),
    takeover: (record, seen, limits) =>
      ask(
        record.id,
        limits,
        { kind: 'seen-in-flight', ...seen },
        { how: 'merge', fields: claimFields(record), expiresAtMs: record.expiresAtMs },
      ),
    complete: ({ id, owner }, completion, limits) =>
      askAsOwner(
        id,
        limits,
        { kind: 'claim', owner },
        { how: 'drop-steps', fields: completionFields(completion), expiresAtMs: completion.expiresAtMs },
      ),
    release: ({ id, owner }, limits) =>
      askAsOwner(id, limits, { kind: 'claim', owner }, { how: 'merge', fields: { leaseUntilMs: '0' } }),
    saveStep: ({ id, owner }, name, result, limits) =>
      askAsOwner(
        id,
        limits,
        { kind: 'claim', owner },
        { how: 'merge', fields: { [STEP_PREFIX + name]: writeResult(result) } },
      ),
    renew: ({ id, owner }, { fromLeaseUntilMs, ...lease }, limits) =>
      askAsOwner(
        id,
        limits,
        { kind: 'claim', owner, leaseUntilMs: fromLeaseUntilMs },
        { how: 'merge', fields: claimFields(lease), expiresAtMs: lease.expiresAtMs },
      ),
    async read(id, limits) {
      const { nowMs, record } = await ask(id, limits, { kind: 'never' })
      return { nowMs, record }
    },
    spill: async (_claim, bytes) => ({ bytes }),
    async load(id, body) {
      if ('bytes' in body) return body.bytes
      throw new RecordUnreadableError(
        id,
        'its result is said to be elsewhere, and this store keeps none elsewhere',
      )
    },
  }
}

/** Names and values in turn; buffers where the user's client gives those. */
function fieldsOf(flat: readonly unknown[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (let i = 0; i + 1 < flat.length; i += 2) fields.set(String(flat[i]), String(flat[i + 1]))
  return fields
}
