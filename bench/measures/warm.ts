import { enter, inTurn } from '../contest.ts'
import { placeAt, startStubServer } from '../places.ts'
import { COLUMNS, CONTENDERS, type Column, exactRow, figuresOf, type Row, shareRow } from '../row.ts'
import type { LocalTable } from '../table.ts'
import type { Answered } from '../task.ts'

const OWN: readonly Column[] = ['Oncekey', 'Oncekey with client', 'raw SDK', 'Powertools']
const WHATS = [
  { what: 'new', named: 'a new request' },
  { what: 'replay', named: 'a replay' },
] as const

/** Until all of it is compiled. Nothing collects garbage by force: V8 would throw compiled code away with it. */
const WARM_UPS = 15

/** Measures what a request costs in a function that has been running for a while. */
export async function measureWarm({ endpoint, name }: LocalTable, rounds: number): Promise<Row[]> {
  await using server = await startStubServer()
  const rows: Row[] = []
  const cpu = ({ cpuUs }: Answered['requests']): number => cpuUs
  for (const { what, named } of WHATS) {
    const task = { kind: 'requests', what, count: 200 } as const
    const taken = await inTurn(COLUMNS, task, { rounds, warmUps: WARM_UPS, place: server.place })
    rows.push(
      shareRow({ measure: `CPU of ${named}, transport included`, unit: 'µs' }, figuresOf(taken, cpu), [
        { of: 'raw SDK', share: 0.45 },
        { of: 'limit', share: 1.5 },
        { who: 'Oncekey with client', of: 'raw SDK', share: 1.15 },
      ]),
    )
  }
  for (const { what, named } of WHATS) {
    const task = { kind: 'requests', what, count: 1_000, isStubbed: true } as const
    const taken = await inTurn(OWN, task, { rounds, warmUps: WARM_UPS })
    rows.push(
      shareRow(
        { measure: `own CPU of ${named} (transport or client stubbed)`, unit: 'µs' },
        figuresOf(taken, cpu),
        [{ of: 'Powertools', share: 0.6 }],
      ),
    )
  }
  for (const { what, named } of WHATS) {
    const task = { kind: 'requests', what, count: 60 } as const
    const place = placeAt(endpoint, name)
    const taken = await inTurn(COLUMNS, task, { rounds, warmUps: WARM_UPS, place })
    rows.push(
      shareRow(
        { measure: `latency of ${named} on DynamoDB Local, p50`, unit: 'ms' },
        figuresOf(taken, ({ p50Ms }) => p50Ms),
        [{ of: 'raw SDK', share: 0.85 }],
      ),
    )
  }
  return [...rows, ...(await measureCounts())]
}

async function measureCounts(): Promise<Row[]> {
  const promises: Partial<Record<Column, number>> = {}
  const hashes: Partial<Record<Column, number>> = {}
  for (const column of OWN) {
    await using contestant = await enter(CONTENDERS[column])
    const counts = await contestant.ask({ kind: 'counts', what: 'new' })
    promises[column] = counts.promises
    hashes[column] = counts.hashes
  }
  return [
    exactRow({ measure: 'promises and awaits of a new request, stubbed', unit: 'each' }, promises, 12),
    exactRow({ measure: 'SHA-256 of a new request, without signatures', unit: 'each' }, hashes, 2),
  ]
}
