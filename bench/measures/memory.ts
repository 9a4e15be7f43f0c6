import { enter } from '../contest.ts'
import type { Row } from '../row.ts'
import { figure } from '../stats.ts'

const REQUESTS = 10_000
const PARTS = 10
/** Less than one small object for each invocation. */
const FLAT_BYTES = 16

/** Measures by how much the heap grows with every invocation, after the first thousands. */
export async function measureMemory(): Promise<Row[]> {
  const rows: Row[] = []
  for (const [name, what] of [
    ['oncekey', 'no cache'],
    ['oncekey-cached', 'a local cache of 100'],
  ] as const) {
    await using contestant = await enter(name)
    const heaps: number[] = []
    for (let part = 0; part < PARTS; part++) {
      heaps.push(await contestant.ask({ kind: 'memory', count: REQUESTS / PARTS }))
    }
    // From the middle on, caches and compiled code have settled.
    const settled = heaps.slice(PARTS / 2)
    const steps = settled.slice(1).map((heap, n) => (heap - (settled[n] ?? heap)) / (REQUESTS / PARTS))
    const growth = figure(steps)
    rows.push({
      measure: `heap growth over ${REQUESTS.toLocaleString('en')} new requests and their replays, ${what}`,
      unit: 'bytes each',
      goal: `flat (≤ ${FLAT_BYTES})`,
      values: { Oncekey: growth },
      isMet: growth.median <= FLAT_BYTES,
      note: `heap at the end: ${((heaps.at(-1) ?? 0) / 2 ** 20).toFixed(1)} MiB`,
    })
  }
  return rows
}
