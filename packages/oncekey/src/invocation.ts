import type { Reading } from './events/exchange.ts'
import { readEvent } from './events/read-event.ts'
import { functionName } from './function-name.ts'
import { type Admission, admit } from './guard.ts'
import { checkOptions, EVENT_RULES } from './option-rules.ts'
import type { IdempotencyOptions } from './options.ts'
import { tellOutcome } from './outcome.ts'
import { leaseTerm, resolveSettings } from './settings.ts'

/** What to do with an invocation: what a request may need, and one thing more. */
type Invocation = Admission | { readonly kind: 'pass' }

/** Takes an invocation of one protected function, and says what to do with it. */
export type Invoke = (event: unknown, context: unknown) => Promise<Invocation>

/**
 * The way of every Lambda invocation, with Middy or without.
 * @throws TypeError at once, if the table or an option makes no sense.
 */
export function createInvoke(where: string, table: unknown, options: IdempotencyOptions = {}): Invoke {
  checkOptions(where, options, EVENT_RULES)
  const { guard, leaseMs } = resolveSettings(where, table, options)
  const settings = { ...guard, onReplay: options.onReplay }

  return async (event, context) => {
    const beganAtMs = guard.clock.nowMs()
    const service = options.service ?? functionName(context)
    const reading: Reading = await readEvent(event, context, { ...options, service }, beganAtMs)
    const tell = (outcome: 'skipped' | 'missing' | 'invalid', error?: unknown): void =>
      tellOutcome({ outcome, service, durationMs: guard.clock.nowMs() - beganAtMs, error }, options.onOutcome)

    switch (reading.kind) {
      case 'unprotected':
        tell(reading.outcome)
        return { kind: 'pass' }
      case 'refused':
        tell(reading.error.code === 'key-missing' ? 'missing' : 'invalid', reading.error)
        return { kind: 'answer', answer: reading.refuse() }
      case 'exchange': {
        // At the moment that the remaining time is asked: reading the event may have taken seconds.
        const term = leaseTerm(context, guard.clock.nowMs(), leaseMs)
        return admit(settings, { exchange: reading.exchange, event, beganAtMs, service, term })
      }
    }
  }
}
