import { type Begun, begin } from './attempt/begin.ts'
import { createTiming, type Timing } from './attempt/timing.ts'
import type { Exchange } from './events/exchange.ts'
import type { GuardedRequest, GuardSettings } from './guarded-request.ts'
import { createGuardedRun, type GuardedRun } from './guarded-run.ts'
import {
  InFlightError,
  KeyReusedError,
  OutcomeUnknownError,
  RecordUnreadableError,
  StoreUnavailableError,
} from './protocol/errors.ts'
import { createReport, type Report } from './report.ts'
import { warnOnce } from './warn.ts'

/** What to do with a request: answer it, or run the handler and tell how that ended. */
export type Admission =
  | { readonly kind: 'answer'; readonly answer: unknown }
  | { readonly kind: 'run'; readonly guarded: GuardedRun }

/** Takes one request to its claim, or answers it without. Throws what the event's source wants thrown. */
export async function admit(settings: GuardSettings, request: GuardedRequest): Promise<Admission> {
  const { exchange } = request
  const { intent } = exchange
  const timing = createTiming(settings.clock, request.term, settings.skew)
  const report = createReport(settings, request)

  const cache = settings.cache && (await settings.cache)
  const cached = cache?.get(intent, timing.storeNowMs())
  if (cached !== undefined) {
    return { kind: 'answer', answer: await report.replay({ kind: 'value', json: cached.json }, 'replayed') }
  }

  let begun: Begun
  try {
    begun = await claim(settings, exchange, timing)
  } catch (error) {
    if (error instanceof RecordUnreadableError)
      return { kind: 'answer', answer: report.refuse('unreadable', error) }
    if (!(error instanceof StoreUnavailableError)) throw error
    if (!error.retryable) warnOnce('ONCEKEY_STORE', error.message)
    return { kind: 'answer', answer: report.refuse('store-unavailable', error) }
  }
  if (begun.kind === 'run') {
    return { kind: 'run', guarded: createGuardedRun(settings, exchange, timing, report, begun.run) }
  }
  if (begun.kind === 'replay' && begun.recalled.kind === 'value') {
    cache?.set(intent, begun.recalled.json, begun.expiresAtMs)
  }
  return { kind: 'answer', answer: await answerWithoutRun(begun, exchange, report) }
}

function claim(settings: GuardSettings, exchange: Exchange, timing: Timing): Promise<Begun> {
  return begin({
    store: settings.store,
    timing,
    intent: exchange.intent,
    onCrash: settings.onCrash,
    retentionMs: settings.retentionMs,
    waitMs: Math.min(settings.waitMs, exchange.longestWaitMs),
    staleKey: exchange.staleKey,
    runsUnclaimed: settings.onStoreError === 'run',
    keep: exchange.keep,
  })
}

async function answerWithoutRun(
  begun: Exclude<Begun, { kind: 'run' }>,
  { intent }: Exchange,
  report: Report,
): Promise<unknown> {
  switch (begun.kind) {
    case 'replay':
      return report.replay(begun.recalled, 'replayed')
    case 'in-flight':
      return report.refuse('in-flight', new InFlightError(intent.key, begun.leaseLeftMs ?? 0))
    case 'mismatch':
      return report.refuse('mismatch', new KeyReusedError(intent.key))
    case 'outcome-unknown':
      return report.refuse('outcome-unknown', new OutcomeUnknownError(intent.key))
    case 'stale-key':
      return report.refuse('invalid', begun.error)
  }
}
