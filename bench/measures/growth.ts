import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb'
import { enter, inTurn } from '../contest.ts'
import { median, type Row } from '../row.ts'
import { figure, quantile } from '../stats.ts'
import type { LocalTable } from '../table.ts'

const BATCH = 25
/** Until what a warm function runs is compiled: else the full table would look faster than the empty one. */
const WARM_UPS = 15
const WRITERS = 8
/** Flat: within what rounds of the same differ by. */
const FLAT = 1.25

/** Whether more keys, at once or in the table, cost a request more. */
export async function measureGrowth(table: LocalTable, rounds: number, records: number): Promise<Row[]> {
  const burst = async (count: number) =>
    figure((await inTurn(['oncekey'], { kind: 'burst', count }, { rounds, warmUps: 3 })).get('oncekey') ?? [])
  const one = await burst(1)
  const thousand = await burst(1_000)

  await using contestant = await enter('oncekey')
  const { endpoint, name } = table
  const task = { kind: 'latency', what: 'new', count: 50, atOnce: 1, endpoint, table: name } as const
  const take = async () => {
    const p50s: number[] = []
    for (let round = -WARM_UPS; round < rounds; round++) {
      const laps = await contestant.ask(task)
      const times = laps.map(({ totalMs }) => totalMs)
      if (round >= 0) p50s.push(quantile(times, 0.5))
    }
    return figure(p50s)
  }
  const empty = await take()
  await fill(table, records)
  const full = await take()

  return [
    {
      measure: 'CPU of a new request, 1,000 keys at once (limit: 1 key at a time)',
      unit: 'µs',
      goal: `flat (≤ ${FLAT} ×)`,
      values: { Oncekey: thousand, limit: one },
      isMet: thousand.median <= FLAT * median(one),
    },
    {
      measure: `latency of a new request, ${records.toLocaleString('en')} records in the table (limit: an empty table)`,
      unit: 'ms',
      goal: `flat (≤ ${FLAT} ×)`,
      values: { Oncekey: full, limit: empty },
      isMet: full.median <= FLAT * median(empty),
    },
  ]
}

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
