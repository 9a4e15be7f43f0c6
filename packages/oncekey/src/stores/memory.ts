import type { Seen } from '../protocol/decide.ts'
import type { IdempotencyRecord, InFlightRecord } from '../protocol/record.ts'
import type { ClaimAnswer, ClaimToken, Refused, Store, WriteAnswer } from '../protocol/store.ts'

/**
 * A store in this process's memory, for tests and for programs of one process: it holds the whole promise, but only
 * within the process. It has no transactions, so `commit` is refused.
 *
 * @param clock the store's own time, epoch milliseconds; the system's if left out.
 */
export function memoryStore(clock: { nowMs(): number } = { nowMs: () => Date.now() }): Store {
  const records = new Map<string, IdempotencyRecord>()

  const write = (record: IdempotencyRecord): Promise<WriteAnswer> => {
    records.set(record.id, record)
    return Promise.resolve({ kind: 'written' })
  }
  const writeClaim = (record: InFlightRecord): Promise<ClaimAnswer> => {
    records.set(record.id, record)
    return Promise.resolve({ kind: 'written', nowMs: clock.nowMs(), record })
  }
  const refuse = (id: string): Promise<Refused> =>
    Promise.resolve({ kind: 'refused', nowMs: clock.nowMs(), record: records.get(id) })

  const seenRecord = (id: string, seen: Seen): IdempotencyRecord | undefined => {
    const record = records.get(id)
    return record?.owner === seen.owner && record.leaseUntilMs === seen.leaseUntilMs ? record : undefined
  }
  const claimed = ({ id, owner }: ClaimToken): InFlightRecord | undefined => {
    const record = records.get(id)
    return record?.owner === owner && record.status === 'in-flight' && record.leaseUntilMs > 0
      ? record
      : undefined
  }
  /** What DynamoDB's TTL does: a long-lived process must not keep every key it ever saw. */
  const dropExpired = (): void => {
    const nowMs = clock.nowMs()
    for (const [id, record] of records) {
      if (record.expiresAtMs > nowMs) return
      records.delete(id)
    }
  }

  return {
    insert(record) {
      if (records.has(record.id)) return refuse(record.id)
      dropExpired()
      return writeClaim(record)
    },
    replace: (record, seen) => (seenRecord(record.id, seen) ? writeClaim(record) : refuse(record.id)),
    takeover(record, seen) {
      const current = seenRecord(record.id, seen)
      if (current?.status !== 'in-flight') return refuse(record.id)
      const { owner, attempt, leaseUntilMs, expiresAtMs, onCrash } = record
      return writeClaim({ ...current, owner, attempt, leaseUntilMs, expiresAtMs, onCrash })
    },
    complete(claim, completion) {
      const record = claimed(claim)
      if (record === undefined) return refuse(claim.id)
      const { steps: _, ...kept } = record
      return write({ ...kept, ...completion, status: 'completed', leaseUntilMs: 0 })
    },
    release(claim) {
      const record = claimed(claim)
      return record ? write({ ...record, leaseUntilMs: 0 }) : refuse(claim.id)
    },
    saveStep(claim, name, result) {
      const record = claimed(claim)
      return record ? write({ ...record, steps: new Map(record.steps).set(name, result) }) : refuse(claim.id)
    },
    renew(claim, { fromLeaseUntilMs, leaseUntilMs, expiresAtMs }) {
      const record = claimed(claim)
      return record?.leaseUntilMs === fromLeaseUntilMs
        ? write({ ...record, leaseUntilMs, expiresAtMs })
        : refuse(claim.id)
    },
    read: (id) => Promise.resolve({ nowMs: clock.nowMs(), record: records.get(id) }),
    spill: (_claim, bytes) => Promise.resolve({ bytes }),
    load: (_id, body) => Promise.resolve('bytes' in body ? body.bytes : new Uint8Array()),
  }
}
