/**
 * Takes every item once: those of one group in their order, the groups side by side, so many at a time; an item without
 * a group may run beside any other. A group stops at its first item that is not done; what comes after it in the group
 * is not begun.
 *
 * @returns the items that were done.
 */
export async function takeInLanes<T>(
  items: Iterable<readonly [item: T, group: string | undefined]>,
  concurrency: number,
  take: (item: T) => Promise<boolean>,
): Promise<ReadonlySet<T>> {
  const lanes = new Map<string | T, T[]>()
  for (const [item, group = item] of items) {
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
  return done
}
