import type { Invocation } from '../core/request.ts'
import type { IdempotencyOptions } from '../options.ts'
import { createHttpSource } from './http/source.ts'
import type { Identified } from './identify.ts'

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

  return (invocation) => identifyHttp(invocation) ?? identifySingle?.(invocation) ?? loadSingle(invocation)
}
