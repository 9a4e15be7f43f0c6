import type { Figure } from './stats.ts'

/** Whose figures a row shows: ours, the peers', and the least that the work can cost. */
export const COLUMNS = ['Oncekey', 'Powertools', 'node-idempotency', 'limit'] as const
export type Column = (typeof COLUMNS)[number]

/** One line of the table. A text says why there is no figure. */
export interface Row {
  readonly measure: string
  readonly unit: string
  readonly goal: string
  readonly values: Readonly<Partial<Record<Column, Figure | string>>>
  /** `undefined` where nothing was promised: the row is for information. */
  readonly isMet: boolean | undefined
  readonly note?: string
}

export const median = (value: Figure | string | undefined): number =>
  typeof value === 'object' ? value.median : Number.NaN

/** Whether `ours` is at most `share` of `theirs`, by their medians. */
export const isWithin = (ours: Figure, share: number, theirs: Figure | string | undefined): boolean =>
  ours.median <= share * median(theirs)
