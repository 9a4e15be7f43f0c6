import { warnOnce } from '../core/outcome.ts'
import type { Invocation } from '../core/request.ts'
import type { IdempotencyOptions } from '../options.ts'
import { DURABLE_NOTE, isDurable } from './durable.ts'
import { createHttpSource } from './http/source.ts'
import { type Identified, SKIPPED } from './identify.ts'

/**
 * Creates what identifies the events of one function: HTTP, or any other single event. It throws a TypeError for a
 * batch, as one claim over all of its records would lose those that fail.
 */
export function createEventSource(
  options: IdempotencyOptions,
): (invocation: Invocation) => Identified | Promise<Identified> {
  const identifyHttp = createHttpSource(options)
  let identifySingle: ((invocation: Invocation) => Identified) | undefined

  // Functions behind HTTP never load the code for other events.
  const loadSingle = async (invocation: Invocation): Promise<Identified> => {
    const { createSingleSource } = await import('./single.ts')
    identifySingle ??= createSingleSource(options)
    return identifySingle(invocation)
  }

  return (invocation) => {
    if (isDurable(invocation.context)) {
      warnOnce('ONCEKEY_DURABLE', DURABLE_NOTE)
      return SKIPPED
    }
    return identifyHttp(invocation) ?? identifySingle?.(invocation) ?? loadSingle(invocation)
  }
}
