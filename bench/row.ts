import { exactly, type Figure, figure } from './stats.ts'

/** Whose figures a row shows: ours, the alternatives, and the least that the work can cost. */
export const COLUMNS = [
  'Oncekey',
  'Oncekey with client',
  'raw SDK',
  'raw SDK tuned',
  'Powertools',
  'limit',
] as const
export type Column = (typeof COLUMNS)[number]

/** The file in `contenders/` that stands behind each column. */
export const CONTENDERS: Readonly<Record<Column, string>> = {
  Oncekey: 'oncekey',
  'Oncekey with client': 'oncekey-client',
  'raw SDK': 'raw-sdk',
  'raw SDK tuned': 'raw-sdk-tuned',
  Powertools: 'powertools',
  limit: 'limit',
}

export type Values = Readonly<Partial<Record<Column, Figure | string>>>

/** One line of the table. A text says why there is no figure. */
export interface Row {
  readonly measure: string
  readonly unit: string
  readonly goal: string
  readonly values: Values
  /** `undefined` where nothing was promised: the row is for information. */
  readonly isMet: boolean | undefined
  readonly note?: string
}

/** The most that a column's figure may be, as a share of another's. */
export interface Goal {
  readonly of: Column
  readonly share: number
  /** @default Oncekey */
  readonly who?: Column
}

/** Makes a row whose goals are shares of other columns of the same row. */
export function shareRow(
  facts: Pick<Row, 'measure' | 'unit' | 'note'>,
  values: Values,
  goals: readonly Goal[],
): Row {
  const isMet = goals.every(
    ({ who = 'Oncekey', share, of }) => median(values[who]) <= share * median(values[of]),
  )
  const goal = goals.map(({ who, share, of }) => `${who ? `${who}: ` : ''}≤ ${share} × ${of}`).join('; ')
  return { ...facts, goal, values, isMet: goals.length === 0 ? undefined : isMet }
}

/** Makes the figures of a row from what each column's rounds came to. */
export function figuresOf<T>(
  rounds: ReadonlyMap<Column, readonly T[]>,
  of: (round: T) => number,
): Partial<Record<Column, Figure>> {
  return Object.fromEntries([...rounds].map(([column, taken]) => [column, figure(taken.map(of))]))
}

/** Makes a row for a figure that is the same in every run, and that has to be at most `most`. */
export const exactRow = (
  facts: Pick<Row, 'measure' | 'unit' | 'note'>,
  values: Readonly<Partial<Record<Column, number>>>,
  most: number,
): Row => ({
  ...facts,
  goal: `≤ ${most}`,
  values: Object.fromEntries(Object.entries(values).map(([column, value]) => [column, exactly(value)])),
  isMet: (values.Oncekey ?? Number.NaN) <= most,
})

export const median = (value: Figure | string | undefined): number =>
  typeof value === 'object' ? value.median : Number.NaN

/** Returns whether `ours` is at most `share` of `theirs`, by their medians. */
export const isWithin = (ours: Figure, share: number, theirs: Figure | string | undefined): boolean =>
  ours.median <= share * median(theirs)
