import { inTurn } from '../contest.ts'
import { isWithin, type Row } from '../row.ts'
import { figure } from '../stats.ts'

const NAMES = [
  'oncekey',
  'powertools',
  'raw-sdk',
  'oncekey-middy',
  'powertools-middy',
  'middy',
  'node-idempotency',
] as const

/** Until all of it is compiled: a larger library takes longer, and the compiler's threads count as CPU. */
const WARM_UPS = 15

export async function measureCpu(rounds: number): Promise<Row[]> {
  const rows: Row[] = []
  for (const what of ['new', 'replay'] as const) {
    const times = await inTurn(
      NAMES,
      { kind: 'cpu', what, stub: 'send', count: 1_000 },
      { rounds, warmUps: WARM_UPS },
    )
    const of = (name: (typeof NAMES)[number]) => figure(times.get(name) ?? [])
    const unit = 'µs'
    const common = { unit, goal: '≤ 0.5 × Powertools' }
    rows.push({
      ...common,
      measure: `CPU of ${article(what)}, client stubbed`,
      values: {
        Oncekey: of('oncekey'),
        Powertools: of('powertools'),
        'node-idempotency': of('node-idempotency'),
        limit: of('raw-sdk'),
      },
      isMet: isWithin(of('oncekey'), 0.5, of('powertools')),
      note: 'node-idempotency with its memory store',
    })
    rows.push({
      unit,
      goal: '≤ 3 × the raw path',
      measure: `CPU of ${article(what)}, against the limit`,
      values: { Oncekey: of('oncekey'), limit: of('raw-sdk') },
      isMet: isWithin(of('oncekey'), 3, of('raw-sdk')),
    })
    rows.push({
      ...common,
      measure: `CPU of ${article(what)}, under Middy`,
      values: { Oncekey: of('oncekey-middy'), Powertools: of('powertools-middy'), limit: of('middy') },
      isMet: isWithin(of('oncekey-middy'), 0.5, of('powertools-middy')),
      note: 'limit: Middy alone',
    })
  }
  for (const what of ['new', 'replay'] as const) {
    const names = ['oncekey', 'powertools', 'raw-sdk'] as const
    const times = await inTurn(
      names,
      { kind: 'cpu', what, stub: 'transport', count: 300 },
      { rounds, warmUps: WARM_UPS },
    )
    const [ours, powertools, raw] = names.map((name) => figure(times.get(name) ?? []))
    if (ours === undefined || powertools === undefined || raw === undefined) continue
    rows.push({
      measure: `CPU of ${article(what)}, the SDK's own work included`,
      unit: 'µs',
      goal: '≤ 3 × the raw path',
      values: { Oncekey: ours, Powertools: powertools, limit: raw },
      isMet: isWithin(ours, 3, raw),
    })
  }
  return rows
}

const article = (what: 'new' | 'replay'): string => (what === 'new' ? 'a new request' : 'a replay')
