import { RecordUnreadableError } from '../../core/errors.ts'
import { FORMAT_VERSION, isClaimOf, type Snapshot } from '../../core/record.ts'
import type { StoredResult } from '../../core/result.ts'
import type { Condition } from './expressions.ts'
import type { Item } from './transport.ts'

export interface SweepOptions {
  /** Deletes what is found. Otherwise it is only counted. */
  readonly deletes: boolean
  /** The read and write capacity units to consume per second at most. */
  readonly unitsPerSecond: number
}

/** The counts of a sweep so far. */
export interface Sweep {
  readonly scanned: number
  /** The records that have expired; with `deletes`, those that were deleted. */
  readonly expiredRecords: number
  /** The chunks of results that no record refers to; with `deletes`, those that were deleted. */
  readonly orphanedChunks: number
  /** The items that have changed since they were read, and were left alone. */
  readonly changed: number
}

/** One page of a scan. `nowMs` is the store's own time. */
export interface ScannedPage {
  readonly nowMs: number
  readonly scannedCount: number
  readonly items: readonly Item[]
  readonly units: number
}

/** The operations of a sweep on its table. */
interface SweptTable {
  scan(projection: object): AsyncGenerator<ScannedPage, void, void>
  find(id: string): Promise<Snapshot>
  remove(id: string, condition: Condition): Promise<{ readonly isRemoved: boolean; readonly units: number }>
}

/** A record is swept some time after its expiry: no clock that the protocol tolerates still takes it for live. */
const EXPIRED_FOR_MS = 5 * 60_000
const DELETIONS_AT_ONCE = 8

/** The attributes that tell what an item is. The results themselves need not be transferred. */
const PROJECTION = {
  ProjectionExpression: 'id, v, #s, #o, #l, #e',
  ExpressionAttributeNames: { '#s': 'status', '#o': 'owner', '#l': 'leaseUntilMs', '#e': 'expiresAt' },
}

const IF_STILL_EXPIRED: Condition = {
  ConditionExpression: '#o = :o AND #l = :l AND #e = :e',
  ExpressionAttributeNames: { '#o': 'owner', '#l': 'leaseUntilMs', '#e': 'expiresAt' },
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
}

const IF_CHUNK_UNCHANGED: Condition = {
  ConditionExpression: '#e = :e AND attribute_not_exists(#s)',
  ExpressionAttributeNames: { '#e': 'expiresAt', '#s': 'status' },
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
}

/** The id of a chunk: the record's id, the owner that wrote it, a digest of the content, and a number. */
const CHUNK_ID = /^(?<recordId>.+#[\w-]{43})#(?<ref>(?<owner>[^#]+)#[\w-]{22})#\d+$/
const RECORD_ID = /^[^#]*#[\w-]{43}$/

interface Candidate {
  readonly id: string
  readonly condition: Condition
}

interface Chunk extends Candidate {
  readonly owner: string
  readonly ref: string
}

/**
 * Counts, or deletes, the items that nothing needs any more. Every deletion is conditional on what was read, so that
 * whatever is used meanwhile stays. Items that are not of this format version are left alone.
 */
export async function* sweep(
  table: SweptTable,
  { deletes, unitsPerSecond }: SweepOptions,
): AsyncGenerator<Sweep, void, void> {
  const pace = createPace(unitsPerSecond)
  let counts: Sweep = { scanned: 0, expiredRecords: 0, orphanedChunks: 0, changed: 0 }
  const sweepAll = async (kind: 'expiredRecords' | 'orphanedChunks', found: readonly Candidate[]) => {
    if (!deletes) counts = { ...counts, [kind]: counts[kind] + found.length }
    for (let n = 0; deletes && n < found.length; n += DELETIONS_AT_ONCE) {
      const some = found.slice(n, n + DELETIONS_AT_ONCE)
      const ended = await Promise.all(some.map(({ id, condition }) => table.remove(id, condition)))
      const removed = ended.filter(({ isRemoved }) => isRemoved).length
      counts = {
        ...counts,
        [kind]: counts[kind] + removed,
        changed: counts.changed + some.length - removed,
      }
      await pace(ended.reduce((sum, { units }) => sum + units, 0))
    }
  }

  const chunks = new Map<string, Chunk[]>()
  for await (const { nowMs, scannedCount, items, units } of table.scan(PROJECTION)) {
    counts = { ...counts, scanned: counts.scanned + scannedCount }
    await pace(units)
    await sweepAll(
      'expiredRecords',
      items.flatMap((item) => expiredRecord(item, nowMs) ?? []),
    )
    for (const item of items) collectChunk(item, chunks)
    yield counts
  }

  // Each record is read now, after its chunks were seen: a run that wrote them has claimed it before.
  for (const [recordId, found] of chunks) {
    await sweepAll('orphanedChunks', await orphansOf(table, recordId, found, deletes))
    await pace(1)
    yield counts
  }
}

function expiredRecord(item: Item, nowMs: number): Candidate | undefined {
  const { id, v, status, owner, leaseUntilMs, expiresAt } = item
  if (id?.S === undefined || !RECORD_ID.test(id.S) || v?.N !== `${FORMAT_VERSION}`) return undefined
  if (status?.S === undefined || owner?.S === undefined || leaseUntilMs?.N === undefined) return undefined
  if (expiresAt?.N === undefined || !(Number(expiresAt.N) * 1000 + EXPIRED_FOR_MS <= nowMs)) return undefined
  const values = { ':o': owner, ':l': leaseUntilMs, ':e': expiresAt }
  return { id: id.S, condition: { ...IF_STILL_EXPIRED, ExpressionAttributeValues: values } }
}

function collectChunk({ id, v, status, expiresAt }: Item, chunks: Map<string, Chunk[]>): void {
  const { recordId, owner, ref } = CHUNK_ID.exec(id?.S ?? '')?.groups ?? {}
  if (id?.S === undefined || recordId === undefined || owner === undefined || ref === undefined) return
  if (v?.N !== `${FORMAT_VERSION}` || status !== undefined || expiresAt?.N === undefined) return
  const condition = { ...IF_CHUNK_UNCHANGED, ExpressionAttributeValues: { ':e': expiresAt } }
  const siblings = chunks.get(recordId) ?? []
  siblings.push({ id: id.S, owner, ref, condition })
  chunks.set(recordId, siblings)
}

async function orphansOf(
  table: SweptTable,
  recordId: string,
  chunks: readonly Chunk[],
  deletes: boolean,
): Promise<readonly Chunk[]> {
  const { record, nowMs } = await table.find(recordId).catch((error: unknown) => {
    if (error instanceof RecordUnreadableError) return { record: error, nowMs: 0 }
    throw error
  })
  // Nobody knows what such a record refers to.
  if (record instanceof RecordUnreadableError) return []
  // When nothing is deleted, expired records are still there.
  if (record === undefined || (!deletes && record.expiresAtMs + EXPIRED_FOR_MS <= nowMs)) return chunks
  const results: readonly StoredResult[] =
    record.status === 'completed' ? [record.result] : [...record.steps.values()]
  const isReferredTo = ({ ref }: Chunk): boolean =>
    results.some((result) => result.kind === 'chunked' && result.ref === ref)
  // Whoever has lost its claim can write no reference any more.
  return chunks.filter((chunk) => !isReferredTo(chunk) && !isClaimOf(record, chunk.owner))
}

/** Returns a function that counts units, and waits until so many may have been consumed. */
function createPace(unitsPerSecond: number): (units: number) => Promise<void> {
  const startedAtMs = performance.now()
  let consumed = 0
  return async (units) => {
    consumed += units
    const waitMs = startedAtMs + (consumed / unitsPerSecond) * 1000 - performance.now()
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
  }
}
