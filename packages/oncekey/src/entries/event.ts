import type { Attempt } from '../core/attempt.ts'
import { report } from '../core/outcome.ts'
import { protect } from '../core/protect.ts'
import { checkOptions, EVENT_RULES, type IdempotencyOptions } from '../options.ts'
import { createEventSource } from '../sources/event.ts'
import { newInvocation } from './context.ts'
import { resolveSettings } from './settings.ts'

/** Protects one invocation. `run` gets no attempt if the event needs no protection. */
export type ProtectEvent = (
  event: unknown,
  context: unknown,
  run: (attempt: Attempt | undefined) => unknown,
) => Promise<unknown>

/**
 * Creates what protects every invocation of one Lambda function, with Middy or without.
 * @throws TypeError at once, if the table or an option is invalid.
 */
export function createProtectEvent(
  where: string,
  table: unknown,
  options: IdempotencyOptions = {},
): ProtectEvent {
  checkOptions(where, options, EVENT_RULES)
  const settings = { ...resolveSettings(where, table, options), onReplay: options.onReplay }
  const identify = createEventSource(options)

  return async (event, context, run) => {
    const invocation = newInvocation(event, context, settings.clock, options.service)
    const identifying = identify(invocation)
    const identified = identifying instanceof Promise ? await identifying : identifying
    switch (identified.kind) {
      case 'request':
        return protect(settings, identified.request, run)
      case 'unprotected':
        report(settings, invocation, identified.outcome)
        return run(undefined)
      case 'refused': {
        const { error } = identified
        report(settings, invocation, error.code === 'key-missing' ? 'missing' : 'invalid', { error })
        return identified.refuse()
      }
    }
  }
}
