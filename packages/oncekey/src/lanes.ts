/**
 * Takes every item once: those of one group in their order, the groups side by side, so many at a time. A group stops
 * at its first item that is not done; what comes after it in the group is not begun.
 *
 * @returns the items that were not done, in the order given.
 */
export async function takeInLanes<T>(
  items: readonly T[],
  groupOf: (item: T) => string | undefined,
  concurrency: number,
  take: (item: T) => Promise<boolean>,
): Promise<readonly T[]> {
  const lanes = new Map<string | T, T[]>()
  for (const item of items) {
    const group = groupOf(item) ?? item
    const lane = lanes.get(group)
    if (lane) lane.push(item)
    else lanes.set(group, [item])
  }

  const done = new Set<T>()
  // One iterator for all: whoever is free takes the next lane.
  const waiting = lanes.values()
  const work = async (): Promise<void> => {
    for (const lane of waiting) {
      for (const item of lane) {
        if (!(await take(item))) break
        done.add(item)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, lanes.size) }, work))
  return items.filter((item) => !done.has(item))
}
