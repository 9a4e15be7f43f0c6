import { inTurn } from '../contest.ts'
import { isWithin, type Row } from '../row.ts'
import { figure, quantile } from '../stats.ts'
import type { LocalTable } from '../table.ts'

const NAMES = ['oncekey', 'powertools', 'raw-sdk'] as const

export async function measureLatency({ endpoint, name }: LocalTable, rounds: number): Promise<Row[]> {
  const rows: Row[] = []
  for (const atOnce of [1, 64]) {
    for (const what of ['new', 'replay'] as const) {
      const count = atOnce === 1 ? 30 : 256
      const task = { kind: 'latency', what, count, atOnce, endpoint, table: name } as const
      const samples = await inTurn<number[]>(NAMES, task, { rounds, warmUps: 2 })
      for (const q of [0.5, 0.99]) {
        // At p99 a round holds too few samples: all rounds count as one.
        const of = (contender: (typeof NAMES)[number]) => {
          const taken = samples.get(contender) ?? []
          return figure(q === 0.5 ? taken.map((round) => quantile(round, q)) : [quantile(taken.flat(), q)])
        }
        const ours = of('oncekey')
        const limit = of('raw-sdk')
        rows.push({
          measure: `latency on DynamoDB Local, ${what}, ${atOnce} at once, p${q * 100}`,
          unit: 'ms',
          goal: q === 0.5 ? '≤ 1.05 × the raw path' : '',
          values: { Oncekey: ours, Powertools: of('powertools'), 'node-idempotency': 'no DynamoDB', limit },
          isMet: q === 0.5 ? isWithin(ours, 1.05, limit) : undefined,
        })
      }
    }
  }
  return rows
}
