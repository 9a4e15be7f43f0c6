import { createHash } from 'node:crypto'
import type { ProxiedRequest } from './fault-proxy.ts'

/** What a new on-demand table takes at once, as documented: 4,000 writes a second, 1,000 of them a partition. */
const NEW_TABLE_WRITES = 4_000
const PARTITION_WRITES = 1_000
/** From then on, up to twice the previous peak; more than that may be throttled if it comes within this time. */
const GROWTH_MS = 30 * 60_000
const SECOND_MS = 1_000

/** What one second of a table, or of a partition, has been used for. */
interface Second {
  readonly beganAtMs: number
  writes: number
}

export interface OnDemandCapacity {
  hasCapacity(request: ProxiedRequest): boolean
  /** The writes that were throttled. */
  readonly throttled: number
  readonly writesPerSecond: number
}

/**
 * The write capacity of a new on-demand table, at one `scale`th of AWS's rates. Each write of a small item costs one
 * unit, a refused one too. Reads are not limited, nor is unused capacity saved up.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
 */
export function createOnDemandCapacity(scale: number): OnDemandCapacity {
  const partitionWrites = PARTITION_WRITES / scale
  let tableWrites = NEW_TABLE_WRITES / scale
  let peakSinceMs: number | undefined
  let throttled = 0
  const seconds = new Map<string, Second>()

  const secondOf = (name: string, nowMs: number): Second => {
    const current = seconds.get(name)
    if (current !== undefined && nowMs - current.beganAtMs < SECOND_MS) return current
    const next = { beganAtMs: nowMs, writes: 0 }
    seconds.set(name, next)
    return next
  }
  const grow = (nowMs: number): void => {
    if (peakSinceMs === undefined || nowMs - peakSinceMs < GROWTH_MS / scale) return
    tableWrites *= 2
    peakSinceMs = undefined
  }

  return {
    hasCapacity({ headers, body }) {
      if (`${headers['x-amz-target']}`.endsWith('.GetItem')) return true
      const nowMs = performance.now()
      grow(nowMs)
      const table = secondOf('table', nowMs)
      const partition = secondOf(partitionOf(body, tableWrites / partitionWrites), nowMs)
      if (table.writes >= tableWrites || partition.writes >= partitionWrites) {
        peakSinceMs ??= nowMs
        throttled += 1
        return false
      }
      table.writes += 1
      partition.writes += 1
      return true
    },
    get throttled() {
      return throttled
    },
    get writesPerSecond() {
      return tableWrites
    },
  }
}

/** Returns the partition of a write's key: DynamoDB, too, spreads keys by a hash. */
function partitionOf(body: string, partitions: number): string {
  const { Item, Key }: Partial<Record<'Item' | 'Key', { readonly id?: { readonly S?: string } }>> =
    JSON.parse(body)
  const id = Item?.id?.S ?? Key?.id?.S ?? ''
  return `partition ${createHash('sha256').update(id).digest().readUInt32BE() % partitions}`
}
