import type { Billed } from '../../test/budgets/meter.ts'
import { enter } from '../contest.ts'
import { type Bill, usdPerMillion } from '../prices.ts'
import { isWithin, type Row } from '../row.ts'
import { exactly } from '../stats.ts'
import type { LocalTable } from '../table.ts'
import type { Costs } from '../task.ts'

const KB = 1_000
const REFUSED = 'refused writes reckoned as AWS documents them'

/** Round trips, capacity units and prices: the same in every run. */
export async function measureUnits({ endpoint, name }: LocalTable): Promise<Row[]> {
  const costs = async (contender: string, answerBytes: number, answerKind?: 'terse' | 'wordy') => {
    await using contestant = await enter(contender)
    return await contestant.ask({
      kind: 'units',
      answerBytes,
      ...(answerKind && { answerKind }),
      endpoint,
      table: name,
    })
  }
  const measured = async (answerBytes: number, answerKind?: 'terse' | 'wordy') => ({
    ours: await costs('oncekey-client', answerBytes, answerKind),
    powertools: await costs('powertools', answerBytes, answerKind),
    raw: await costs('raw-sdk', answerBytes, answerKind),
  })
  const small = await measured(0)
  const large = await measured(100 * KB)
  const wordy = await measured(100 * KB, 'wordy')
  const huge = {
    ours: await costs('oncekey-client', 1_000 * KB),
    powertools: await costs('powertools', 1_000 * KB),
  }

  const plain = (measure: string, unit: string, wanted: number, of: (costs: Costs) => number): Row => ({
    measure,
    unit,
    goal: `= ${wanted}`,
    values: {
      Oncekey: exactly(of(small.ours)),
      Powertools: exactly(of(small.powertools)),
      'raw SDK': exactly(of(small.raw)),
    },
    isMet: of(small.ours) === wanted,
    ...(unit.includes('units') && { note: REFUSED }),
  })
  const price = (measure: string, ours: Costs, powertools: Costs, powertoolsUnits: Bill): Row => {
    const theirs = exactly(usdPerMillion(powertoolsUnits))
    return {
      measure,
      unit: 'USD per million',
      goal: '≤ 1/10 of Powertools',
      values: {
        Oncekey: exactly(usdPerMillion(sum(ours.replay))),
        Powertools: powertools.isReplayed
          ? theirs
          : `cannot store it (${theirs.median.toFixed(0)} if it could)`,
      },
      isMet: ours.isReplayed && isWithin(exactly(usdPerMillion(sum(ours.replay))), 0.1, theirs),
      note: `ours: ${describe(ours.replay)}; ${REFUSED}`,
    }
  }
  const largeNew = (measure: string, { ours, powertools, raw }: typeof large): Row => ({
    measure,
    unit: 'write units',
    goal: '≤ 1/8 of Powertools',
    values: {
      Oncekey: exactly(sum(ours.fresh).writeUnits),
      Powertools: exactly(sum(powertools.fresh).writeUnits),
      'raw SDK': exactly(sum(raw.fresh).writeUnits),
    },
    isMet: isWithin(exactly(sum(ours.fresh).writeUnits), 1 / 8, exactly(sum(powertools.fresh).writeUnits)),
    note: `ours: ${describe(ours.fresh)}`,
  })
  return [
    plain('round trips of a new request', 'calls', 2, ({ fresh }) => fresh.length),
    plain('round trips of a replay', 'calls', 1, ({ replay }) => replay.length),
    plain('a new request, small answer', 'write units', 2, ({ fresh }) => sum(fresh).writeUnits),
    plain('a replay, small answer', 'write units', 1, ({ replay }) => sum(replay).writeUnits),
    largeNew('a new request with a 100 KB JSON answer, objects of many fields', wordy),
    largeNew('a new request with a 100 KB JSON answer, objects of little but ids', large),
    price('replays of a 100 KB answer', large.ours, large.powertools, sum(large.powertools.replay)),
    price('replays of a 1 MB answer', huge.ours, huge.powertools, { writeUnits: 1_000, readUnits: 0 }),
  ]
}

const sum = (billed: readonly Billed[]): Bill => ({
  writeUnits: billed.reduce((total, { writeUnits }) => total + writeUnits, 0),
  readUnits: billed.reduce((total, { readUnits }) => total + readUnits, 0),
})

const describe = (billed: readonly Billed[]): string =>
  billed.map(({ command, writeUnits, readUnits }) => `${command} ${writeUnits || readUnits}`).join(', ')
