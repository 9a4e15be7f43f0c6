/** A median with its spread: half of the rounds lie between `low` and `high`. */
export interface Figure {
  readonly median: number
  readonly low: number
  readonly high: number
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  const at = (sorted.length - 1) * q
  const below = sorted[Math.floor(at)] ?? Number.NaN
  const above = sorted[Math.ceil(at)] ?? Number.NaN
  return below + (above - below) * (at - Math.floor(at))
}

export const figure = (values: readonly number[]): Figure => ({
  median: quantile(values, 0.5),
  low: quantile(values, 0.25),
  high: quantile(values, 0.75),
})

export const exactly = (value: number): Figure => ({ median: value, low: value, high: value })
