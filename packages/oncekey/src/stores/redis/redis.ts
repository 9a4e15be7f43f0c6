import { RecordUnreadableError } from '../../core/errors.ts'
import type { IdempotencyRecord, InFlightRecord } from '../../core/record.ts'
import type { CallLimits, ClaimReply, Owner, Store, WriteReply } from '../../core/store.ts'
import {
  type Attributes,
  decodeRecord,
  encodeCompletion,
  encodeLease,
  encodeRecord,
  encodeResult,
  encodeTakeover,
  type Plain,
  STEP_PREFIX,
} from '../codec.ts'
import { createEvalScript, type RedisClient } from './client.ts'
import { ABSENT, type Condition, type Fields, scriptArguments, type Write } from './script.ts'

export type { IoRedisClient, NodeRedisClient, RedisClient } from './client.ts'

export interface RedisStoreOptions {
  /** Stands before every key, so that a server may hold other things too. @default 'oncekey:' */
  readonly prefix?: string
}

/**
 * Returns a store on Redis (6 or later) or Valkey, through the user's own client of `redis`, `ioredis` or `iovalkey`.
 * One key holds one record, so a cluster will do. It has no transactions with DynamoDB, so `commit` is refused.
 *
 * The promise holds as long as Redis keeps what was written: with `maxmemory-policy noeviction`, and short of a
 * failover that loses the last writes.
 *
 * @param client connected by the caller, who also closes it.
 * @throws TypeError if the client cannot run scripts.
 */
export function redisStore(client: RedisClient, { prefix = 'oncekey:' }: RedisStoreOptions = {}): Store {
  const evalScript = createEvalScript(client)

  const run = async (id: string, limits: CallLimits, condition: Condition, write?: Write): Promise<Reply> => {
    const reply = await evalScript(prefix + id, scriptArguments(condition, write), limits)
    if (!Array.isArray(reply) || !Array.isArray(reply[2])) {
      throw new TypeError('redisStore: expected a reply of its script.')
    }
    const [code, now, flat] = reply
    if (Number(code) === 2) throw new RecordUnreadableError(id, 'its key holds something other than a hash')
    return { isWritten: Number(code) === 1, nowMs: Number(now), flat }
  }

  const claim = async (
    { id, expiresAtMs }: InFlightRecord,
    limits: CallLimits,
    condition: Condition,
    write: Write,
  ): Promise<ClaimReply> => {
    const { isWritten, nowMs, flat } = await run(id, limits, condition, { ...write, expiresAtMs })
    const record = readRecord(id, flat)
    return isWritten && record?.status === 'in-flight'
      ? { kind: 'written', nowMs, record }
      : { kind: 'refused', nowMs, record }
  }

  const writeAsOwner = async (
    { id, owner }: Owner,
    limits: CallLimits,
    write: Write,
    fromLeaseUntilMs?: number,
  ): Promise<WriteReply> => {
    const condition = { kind: 'claim', owner, leaseUntilMs: fromLeaseUntilMs } as const
    const { isWritten, nowMs, flat } = await run(id, limits, condition, write)
    return isWritten ? { kind: 'written' } : { kind: 'refused', nowMs, record: readRecord(id, flat) }
  }

  return {
    insert: (record, limits) => claim(record, limits, { kind: 'absent' }, whole(record)),
    replace: (record, seen, limits) => claim(record, limits, { kind: 'seen', ...seen }, whole(record)),
    takeover(record, seen, limits) {
      const fields = { onCrash: ABSENT, ...toFields(encodeTakeover(record)) }
      return claim(record, limits, { kind: 'seen', ...seen }, { how: 'merge', fields })
    },
    complete(owner, completion, limits) {
      const { expiresAtMs } = completion
      const fields = toFields(encodeCompletion(completion))
      return writeAsOwner(owner, limits, { how: 'drop-steps', fields, expiresAtMs })
    },
    release: (owner, limits) => writeAsOwner(owner, limits, { how: 'merge', fields: { leaseUntilMs: '0' } }),
    saveStep(owner, name, result, limits) {
      const fields = toFields({ [STEP_PREFIX + name]: encodeResult(result) })
      return writeAsOwner(owner, limits, { how: 'merge', fields })
    },
    renew(owner, change, limits) {
      const { fromLeaseUntilMs, expiresAtMs } = change
      const fields = toFields(encodeLease(change))
      return writeAsOwner(owner, limits, { how: 'merge', fields, expiresAtMs }, fromLeaseUntilMs)
    },
    async read(id, limits) {
      const { nowMs, flat } = await run(id, limits, { kind: 'never' })
      return { nowMs, record: readRecord(id, flat) }
    },
    offload: async (_owner, { result }) => result,
    async load(id) {
      throw new RecordUnreadableError(id, 'a store on Redis has no chunks')
    },
  }
}

function whole(record: InFlightRecord): Write {
  return { how: 'replace', fields: toFields(encodeRecord(record)) }
}

interface Reply {
  readonly isWritten: boolean
  readonly nowMs: number
  /** The fields of the hash as it now stands, names and values in turn. */
  readonly flat: readonly unknown[]
}

const NUMBERS: ReadonlySet<string> = new Set([
  'v',
  'attempt',
  'leaseUntilMs',
  'createdAtMs',
  'takenOverAtMs',
  'expiresAt',
  'completedAtMs',
])

/** Returns the hash fields for attributes: numbers in decimal, results as JSON, and all else as it is. */
function toFields(attributes: Attributes): Fields {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      holdsResult(name) ? resultField(value) : String(value),
    ]),
  )
}

/** Returns a result as JSON. Its bytes are in base64, because clients return text unless they are set up otherwise. */
function resultField(value: Plain): string {
  if (typeof value !== 'object' || value instanceof Uint8Array) return JSON.stringify(value)
  const members = Object.entries(value).map(([name, member]) => [
    name,
    member instanceof Uint8Array ? { base64: Buffer.from(member).toString('base64') } : member,
  ])
  return JSON.stringify(Object.fromEntries(members))
}

/**
 * Returns the record that a hash holds: names and values in turn, or buffers where the user's client returns those.
 *
 * @throws RecordUnreadableError
 */
function readRecord(id: string, flat: readonly unknown[]): IdempotencyRecord | undefined {
  const fields: (readonly [string, unknown])[] = []
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const name = String(flat[i])
    fields.push([name, fromField(name, String(flat[i + 1]))])
  }
  return fields.length === 0 ? undefined : decodeRecord(id, Object.fromEntries(fields))
}

function fromField(name: string, field: string): unknown {
  if (holdsResult(name)) return fromResultField(field)
  return NUMBERS.has(name) && /^\d+$/.test(field) ? Number(field) : field
}

/** Returns the plain value, or undefined if the field is not JSON. */
function fromResultField(field: string): unknown {
  try {
    const value: unknown = JSON.parse(field, (_name, member: unknown) => {
      const isBytes = typeof member === 'object' && member !== null && 'base64' in member
      return isBytes ? Buffer.from(String(member.base64), 'base64') : member
    })
    return value
  } catch {
    return undefined
  }
}

function holdsResult(name: string): boolean {
  return name === 'result' || name.startsWith(STEP_PREFIX)
}
