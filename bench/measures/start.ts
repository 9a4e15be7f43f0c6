import { bundleFunction } from '../bundle.ts'
import { type Start, startInTurn } from '../contest.ts'
import { createCpuGroup, placeAt, startStubServer } from '../places.ts'
import { COLUMNS, CONTENDERS, type Column, figuresOf, type Goal, type Row, shareRow } from '../row.ts'
import type { LocalTable } from '../table.ts'

const START_GOALS: readonly Goal[] = [
  { of: 'raw SDK', share: 0.45 },
  { of: 'limit', share: 1.25 },
]
const OWN: readonly Column[] = ['Oncekey', 'Oncekey with client', 'raw SDK', 'Powertools']

/** Measures what fresh processes pay: loading, the first answer, and the requests after it. */
export async function measureStart({ endpoint, name }: LocalTable, rounds: number): Promise<Row[]> {
  await using server = await startStubServer()
  const functions = await build(COLUMNS, 'protect(work, process.env.TABLE)')
  const onTable = await startInTurn(functions, rounds, { requests: 1, place: placeAt(endpoint, name) })
  const overTls = await startInTurn(functions, rounds, { requests: 11, place: server.place })
  const stubbed = await build(OWN, 'protectStubbed(work)', '-stubbed')
  const own = await startInTurn(stubbed, rounds, { requests: 100, place: {} })

  return [
    shareRow(
      { measure: 'import and first answer, DynamoDB Local', unit: 'ms' },
      figuresOf(onTable, ({ init, first }) => init.wallMs + first.wallMs),
      START_GOALS,
    ),
    shareRow(
      { measure: 'import and first answer, CPU, over TLS', unit: 'ms' },
      figuresOf(overTls, ({ init, first }) => init.cpuMs + first.cpuMs),
      START_GOALS,
    ),
    shareRow(
      { measure: 'the next 10 requests, CPU, over TLS', unit: 'ms' },
      figuresOf(overTls, ({ next }) => next.cpuMs),
      [{ of: 'raw SDK', share: 0.5 }],
    ),
    shareRow(
      { measure: 'memory of the process after 11 requests (RSS)', unit: 'MiB' },
      figuresOf(overTls, ({ rssMiB }) => rssMiB),
      [{ of: 'raw SDK', share: 1 }],
    ),
    shareRow(
      { measure: 'the first 100 requests, own CPU (transport or client stubbed)', unit: 'ms' },
      figuresOf(own, ({ all }) => all.cpuMs),
      [{ of: 'Powertools', share: 0.7 }],
    ),
    ...(await measureThrottled(functions, server.place, rounds)),
  ]
}

const NOTE =
  'emulated: a control group gives the process 29 % of a core (512 of 1,769 MB, in periods of 20 ms) once it has loaded; that INIT has a full core is known from public reports, not measured here'

/** The first invocation of a function of 512 MB, which loads with a full core and then has a share of one. */
async function measureThrottled(
  functions: ReadonlyMap<Column, string>,
  place: Readonly<Record<string, string>>,
  rounds: number,
): Promise<Row[]> {
  using group = createCpuGroup()
  if (group === undefined) {
    const values = { Oncekey: 'control groups cannot be made here' }
    return [shareRow({ measure: 'first invocation at the CPU of 512 MB', unit: 'ms' }, values, [])]
  }
  const options = { requests: 1, cgroup: group.procs }
  const warm = await bundleFunction('oncekey', 'protect(work, process.env.TABLE); await warmedUp()', '-warm')
  const warmPlace = { ...place, AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand' }
  const cold = new Map<Column, Start[]>()
  const warmed = new Map<Column, Start[]>()
  // Both in every round, so that the machine is the same for both.
  for (let round = 0; round < rounds; round++) {
    add(cold, await startInTurn(functions, 1, { ...options, place }))
    add(warmed, await startInTurn(new Map([['Oncekey', warm]]), 1, { ...options, place: warmPlace }))
  }
  const first = ({ first: { wallMs } }: Start): number => wallMs
  const init = ({ init: { wallMs } }: Start): number => wallMs
  return [
    shareRow(
      { measure: 'first invocation at the CPU of 512 MB, over TLS', unit: 'ms', note: NOTE },
      figuresOf(cold, first),
      [],
    ),
    shareRow(
      { measure: 'the same, warmed up in INIT', unit: 'ms', note: NOTE },
      { ...figuresOf(cold, first), ...figuresOf(warmed, first) },
      [{ of: 'raw SDK', share: 0.1 }],
    ),
    shareRow(
      { measure: 'INIT: loading, and the warm-up in it', unit: 'ms', note: NOTE },
      { ...figuresOf(cold, init), ...figuresOf(warmed, init) },
      [],
    ),
  ]
}

function add(to: Map<Column, Start[]>, starts: ReadonlyMap<Column, readonly Start[]>): void {
  for (const [column, taken] of starts) to.set(column, [...(to.get(column) ?? []), ...taken])
}

async function build(
  columns: readonly Column[],
  making: string,
  variant?: string,
): Promise<ReadonlyMap<Column, string>> {
  const files = new Map<Column, string>()
  for (const column of columns) files.set(column, await bundleFunction(CONTENDERS[column], making, variant))
  return files
}
