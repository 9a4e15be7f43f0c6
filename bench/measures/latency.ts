import { inTurn } from '../contest.ts'
import { isWithin, type Row } from '../row.ts'
import { type Figure, figure, quantile } from '../stats.ts'
import type { LocalTable } from '../table.ts'
import type { Lap } from '../task.ts'

const NAMES = ['oncekey', 'powertools', 'raw-sdk'] as const

export async function measureLatency({ endpoint, name }: LocalTable, rounds: number): Promise<Row[]> {
  const rows: Row[] = []
  for (const atOnce of [1, 64]) {
    for (const what of ['new', 'replay'] as const) {
      const count = atOnce === 1 ? 60 : 256
      const task = { kind: 'latency', what, count, atOnce, endpoint, table: name } as const
      // As many as it takes until what a warm function runs is compiled.
      const laps = await inTurn(NAMES, task, { rounds, warmUps: atOnce === 1 ? 15 : 5 })
      const rowOf = (
        of: string,
        goal: string,
        figureOf: (taken: readonly (readonly Lap[])[]) => Figure,
      ): Row => {
        const [ours, powertools, limit] = NAMES.map((contender) => figureOf(laps.get(contender) ?? []))
        if (ours === undefined || powertools === undefined || limit === undefined) throw new Error(of)
        return {
          measure: `latency on DynamoDB Local, ${what}, ${atOnce} at once, ${of}`,
          unit: 'ms',
          goal,
          values: { Oncekey: ours, Powertools: powertools, 'node-idempotency': 'no DynamoDB', limit },
          isMet: goal === '' ? undefined : isWithin(ours, 1.05, limit),
        }
      }
      const p50 = (member: keyof Lap) => (taken: readonly (readonly Lap[])[]) =>
        figure(
          taken.map((round) =>
            quantile(
              round.map((lap) => lap[member]),
              0.5,
            ),
          ),
        )
      rows.push(rowOf('p50', '≤ 1.05 × the raw path', p50('totalMs')))
      if (atOnce === 1) rows.push(rowOf('p50 of what is outside the SDK', '', p50('ownMs')))
      // At p99 a round holds too few samples: all rounds count as one.
      rows.push(
        rowOf('p99', '', (taken) =>
          figure([
            quantile(
              taken.flat().map((lap) => lap.totalMs),
              0.99,
            ),
          ]),
        ),
      )
    }
  }
  return rows
}
