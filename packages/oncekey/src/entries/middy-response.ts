/** What the writes to a Middy request's `response` show of its handler. */
export interface WatchedResponse {
  /** Returns what the handler returned, if it did: Middy reports a handler's error and a middleware's the same way. */
  handlerResult(): { readonly value: unknown } | undefined
}

/** The hook in which a later middleware answered early, and its answer. */
export type EarlyAnswer = { readonly hook: 'before' | 'after' | 'onError'; readonly value: unknown }

/**
 * Watches the writes to a Middy request's `response` and `error` from `before` on. Middy 6 and 7 write `response` when
 * the handler has returned, and reset it just before they set `error`: an error that follows more than the reset is
 * not the handler's. That `error` is written shows that there is one, because a handler may throw `undefined`.
 *
 * An early answer of a later middleware is written there too, and ends the request without another hook. The result
 * of `onEarlyAnswer` replaces it: Middy returns `response` from an async function, which awaits it.
 */
export function watchResponse(
  request: { response?: unknown; error?: unknown; earlyResponse?: unknown },
  onEarlyAnswer: (answer: EarlyAnswer) => Promise<unknown>,
): WatchedResponse {
  let isError = false
  const beforeError: unknown[] = []
  watchProperty(request, 'response', (value) => {
    if (!isError) beforeError.push(value)
    // The reset comes while an early answer may still be there.
    if (!('earlyResponse' in request) || request.earlyResponse !== value) return value
    const hook = isError ? 'onError' : beforeError.length === 1 ? 'before' : 'after'
    return onEarlyAnswer({ hook, value })
  })
  watchProperty(request, 'error', (thrown) => {
    isError = true
    return thrown
  })
  return { handlerResult: () => (beforeError.length > 1 ? { value: beforeError[0] } : undefined) }
}

/** Calls `onWrite` with each value written to the property, and stores its result there. */
function watchProperty<Name extends string>(
  holder: { [name in Name]?: unknown },
  name: Name,
  onWrite: (value: unknown) => unknown,
): void {
  let current: unknown = holder[name]
  Object.defineProperty(holder, name, {
    configurable: true,
    enumerable: true,
    get: () => current,
    set: (value: unknown) => {
      current = onWrite(value)
    },
  })
}
