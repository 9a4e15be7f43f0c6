import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb'
import { enter, inTurn } from '../contest.ts'
import { placeAt } from '../places.ts'
import { figuresOf, type Row, shareRow } from '../row.ts'
import { type Figure, figure } from '../stats.ts'
import type { LocalTable } from '../table.ts'

const BATCH = 25
/** Until what a warm function runs is compiled: else the full table would look faster than the empty one. */
const WARM_UPS = 15
const WRITERS = 8
/** Flat: within what rounds of the same differ by. */
const FLAT = 1.25

/** Measures whether more keys, at once or in the table, cost a request more. */
export async function measureGrowth(table: LocalTable, rounds: number, records: number): Promise<Row[]> {
  const stubbed = async (atOnce: number) => {
    const task = { kind: 'requests', what: 'new', count: 2_000, atOnce, isStubbed: true } as const
    return figuresOf(await inTurn(['Oncekey'], task, { rounds, warmUps: 3 }), ({ cpuUs }) => cpuUs).Oncekey
  }
  const one = await stubbed(1)
  const thousand = await stubbed(1_000)

  await using contestant = await enter('oncekey', placeAt(table.endpoint, table.name))
  const take = async () => {
    const p50s: number[] = []
    for (let round = -WARM_UPS; round < rounds; round++) {
      const { p50Ms } = await contestant.ask({ kind: 'requests', what: 'new', count: 50 })
      if (round >= 0) p50s.push(p50Ms)
    }
    return figure(p50s)
  }
  const empty = await take()
  await fill(table, records)
  const full = await take()

  return [
    flatRow('CPU of a new request, 1,000 keys at once (limit: 1 key at a time)', 'µs', thousand, one),
    flatRow(
      `latency of a new request, ${records.toLocaleString('en')} records in the table (limit: an empty table)`,
      'ms',
      full,
      empty,
    ),
  ]
}

const flatRow = (measure: string, unit: string, ours?: Figure, limit?: Figure): Row =>
  shareRow({ measure, unit }, { ...(ours && { Oncekey: ours }), ...(limit && { limit }) }, [
    { of: 'limit', share: FLAT },
  ])

async function fill({ client, name }: LocalTable, records: number): Promise<void> {
  let next = 0
  const write = async (): Promise<void> => {
    while (next < records) {
      const first = next
      next += BATCH
      const writes = Array.from({ length: Math.min(BATCH, records - first) }, (_, n) => ({
        PutRequest: { Item: { id: { S: `filler#${first + n}` }, note: { S: 'x'.repeat(300) } } },
      }))
      await client.send(new BatchWriteItemCommand({ RequestItems: { [name]: writes } }))
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, write))
}
