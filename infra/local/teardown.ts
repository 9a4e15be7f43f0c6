/** What was started, so that it can be stopped: the latest first. */
export interface Teardown {
  /** Returns `part`, which will be stopped by `stopPart`. */
  add<Part>(part: Part, stopPart: (part: Part) => Promise<unknown>): Part
  /** Goes on when a part cannot be stopped, and rejects at the end. A second call has nothing left to do. */
  stop(): Promise<void>
}

export function createTeardown(): Teardown {
  const stops: (() => Promise<unknown>)[] = []
  return {
    add(part, stopPart) {
      stops.push(() => stopPart(part))
      return part
    },
    async stop() {
      const failures: unknown[] = []
      for (let next = stops.pop(); next !== undefined; next = stops.pop()) {
        await next().catch((error: unknown) => failures.push(error))
      }
      if (failures.length > 0) throw new AggregateError(failures, 'Not everything could be stopped.')
    },
  }
}
