import { RecordUnreadableError } from '../core/errors.ts'
import { type IdempotencyRecord, type InFlightRecord, isClaimOf } from '../core/record.ts'
import type { ClaimReply, Owner, Refused, Seen, Store, WriteReply } from '../core/store.ts'

/**
 * Returns a store in this process's memory, for tests and for programs of one process: everything is promised, but
 * only within the process. It has no transactions, so `commit` is refused.
 *
 * @param clock the store's own time, in epoch milliseconds. Defaults to the system's when the store is made, and
 *   counts on from there whatever the system's clock is set to, so that no lease or expiry moves.
 */
export function memoryStore(clock: { nowMs(): number } = monotonicClock()): Store {
  const records = new Map<string, IdempotencyRecord>()
  /** No record expires before, so that a look through all of them is rare: records expire at whole seconds. */
  let nextExpiryMs = Number.POSITIVE_INFINITY

  const put = (record: IdempotencyRecord): void => {
    records.set(record.id, record)
    nextExpiryMs = Math.min(nextExpiryMs, record.expiresAtMs)
  }
  const refuse = (id: string): Refused => ({ kind: 'refused', nowMs: clock.nowMs(), record: records.get(id) })
  const isAsSeen = (record: IdempotencyRecord | undefined, seen: Seen): boolean =>
    record?.owner === seen.owner && record.leaseUntilMs === seen.leaseUntilMs
  const writeClaim = (record: InFlightRecord): ClaimReply => {
    put(record)
    return { kind: 'written', nowMs: clock.nowMs(), record }
  }
  /** Writes what `change` returns for the claim's own record, unless it returns nothing. */
  const write = (
    { id, owner }: Owner,
    change: (record: InFlightRecord) => IdempotencyRecord | undefined,
  ): WriteReply => {
    const record = records.get(id)
    const changed = isClaimOf(record, owner) ? change(record) : undefined
    if (changed === undefined) return refuse(id)
    put(changed)
    return { kind: 'written' }
  }
  /** Deletes what has expired, as DynamoDB's TTL does: a long-lived process must not keep every key it ever saw. */
  const deleteExpired = (): void => {
    const nowMs = clock.nowMs()
    if (nowMs < nextExpiryMs) return
    nextExpiryMs = Number.POSITIVE_INFINITY
    for (const [id, { expiresAtMs }] of records) {
      if (expiresAtMs <= nowMs) records.delete(id)
      else nextExpiryMs = Math.min(nextExpiryMs, expiresAtMs)
    }
  }

  return {
    async insert(record) {
      if (records.has(record.id)) return refuse(record.id)
      deleteExpired()
      return writeClaim(record)
    },
    replace: async (record, seen) =>
      isAsSeen(records.get(record.id), seen) ? writeClaim(record) : refuse(record.id),
    async takeover(record, seen) {
      const current = records.get(record.id)
      if (current?.status !== 'in-flight' || !isAsSeen(current, seen)) return refuse(record.id)
      const { owner, attempt, leaseUntilMs, expiresAtMs, onCrash, createdAtMs: takenOverAtMs } = record
      return writeClaim({ ...current, owner, attempt, leaseUntilMs, expiresAtMs, onCrash, takenOverAtMs })
    },
    complete: async (claim, { steps: _, ...completion }) =>
      write(claim, ({ steps: __, ...record }) => ({
        ...record,
        ...completion,
        status: 'completed',
        leaseUntilMs: 0,
      })),
    release: async (claim) => write(claim, (record) => ({ ...record, leaseUntilMs: 0 })),
    saveStep: async (claim, name, result) =>
      write(claim, (record) => ({ ...record, steps: new Map(record.steps).set(name, result) })),
    renew: async (claim, { fromLeaseUntilMs, leaseUntilMs, expiresAtMs }) =>
      write(claim, (record) =>
        record.leaseUntilMs === fromLeaseUntilMs ? { ...record, leaseUntilMs, expiresAtMs } : undefined,
      ),
    read: async (id) => ({ nowMs: clock.nowMs(), record: records.get(id) }),
    offload: async (_claim, { result }) => result,
    async load(id) {
      throw new RecordUnreadableError(id, 'a store in memory has no chunks')
    },
  }
}

function monotonicClock(): { nowMs(): number } {
  const originMs = Date.now() - performance.now()
  return { nowMs: () => Math.floor(originMs + performance.now()) }
}
