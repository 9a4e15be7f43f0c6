/** What is known of a Middy request's handler from the writes to `request.response`. */
export interface WatchedResponse {
  /** What the handler returned, if it did: Middy tells a handler's error and a middleware's in the same way. */
  handlerResult(): { readonly value: unknown } | undefined
}

/** In which hook a later middleware answered early. */
export type EarlyAnswer = { readonly hook: 'before' | 'after' | 'onError'; readonly value: unknown }

/**
 * Watches the writes to a Middy request's `response` and `error` from `before` on. Middy 6 and 7 write `response` when
 * the handler has returned, and reset it just before they set `error`: an error that follows more than the reset is
 * not the handler's. That `error` is written says that there is one, for a handler may throw `undefined`.
 *
 * An early answer of a later middleware is written there too, and ends the request without another hook. What
 * `onEarlyAnswer` makes of it takes its place: Middy returns `response` from an async function, which awaits it.
 */
export function watchResponse(
  request: { response?: unknown; error?: unknown; earlyResponse?: unknown },
  onEarlyAnswer: (answer: EarlyAnswer) => Promise<unknown>,
): WatchedResponse {
  let isError = false
  const beforeError: unknown[] = []
  watchMember(request, 'response', (value) => {
    if (!isError) beforeError.push(value)
    // The reset comes while an early answer may still stand there.
    if (!('earlyResponse' in request) || request.earlyResponse !== value) return value
    const hook = isError ? 'onError' : beforeError.length === 1 ? 'before' : 'after'
    return onEarlyAnswer({ hook, value })
  })
  watchMember(request, 'error', (thrown) => {
    isError = true
    return thrown
  })
  return { handlerResult: () => (beforeError.length > 1 ? { value: beforeError[0] } : undefined) }
}

/** Calls `onWrite` with each value that is written to the member, which then holds what it gives. */
function watchMember<Name extends string>(
  holder: { [name in Name]?: unknown },
  name: Name,
  onWrite: (value: unknown) => unknown,
): void {
  let held: unknown = holder[name]
  Object.defineProperty(holder, name, {
    configurable: true,
    enumerable: true,
    get: () => held,
    set: (value: unknown) => {
      held = onWrite(value)
    },
  })
}
