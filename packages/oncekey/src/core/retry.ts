import type { Clock } from './clock.ts'
import { isOncekeyError } from './errors.ts'
import type { CallLimits } from './store.ts'

/** One call that hangs must not use up the time in which another could succeed. */
const CALL_MS = 2_000
/** Even without time left one try is made: it may be the one that stores the result. */
const LAST_CALL_MS = 250
const FIRST_PAUSE_MS = 40
const MAX_PAUSE_MS = 1_000

/**
 * Makes the call until it succeeds, is refused for good, or `untilMs` (the clock's time) has come.
 * Pauses grow and are jittered, so that instances that failed together do not retry together.
 *
 * @param onFailure gets the error of every failed try.
 */
export function retryUntil<T>(
  clock: Clock,
  untilMs: number,
  call: (limits: CallLimits) => Promise<T>,
  callMs: number = CALL_MS,
  onFailure?: (error: unknown) => void,
  pauseMs: number = FIRST_PAUSE_MS,
): Promise<T> {
  const leftMs = Math.floor(untilMs - clock.nowMs())
  const limits = { timeoutMs: Math.max(LAST_CALL_MS, Math.min(callMs, leftMs)) }
  // Not an async loop: nearly every first call succeeds, and then costs one promise less.
  return call(limits).catch(async (error: unknown) => {
    onFailure?.(error)
    if (!(isOncekeyError(error, 'store-unavailable') && error.retryable)) throw error
    // One more try must end in time, or the caller would lose the answer over it.
    if (clock.nowMs() + pauseMs + LAST_CALL_MS > untilMs) throw error
    await clock.sleep(pauseMs * (0.5 + Math.random() / 2))
    return retryUntil(clock, untilMs, call, callMs, onFailure, Math.min(pauseMs * 2, MAX_PAUSE_MS))
  })
}
