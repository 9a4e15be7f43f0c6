/** One event as its source sends it, and what the library has to make of it. */
export interface Sample {
  /** The id of the source in docs/triggers.md. */
  readonly source: string
  readonly variant: string
  readonly event: unknown
  /** The next delivery of the same event, with everything that its source changes. */
  readonly again: unknown
  /** The event's own key, or `undefined` if it has none, so that the option `key` is needed. */
  readonly key: string | undefined
  /**
   * A name for the caller: samples of one source share their keys if and only if they have the same name. `anonymous`:
   * nobody is named; `unnamed`: somebody is vouched for without a name, and refused; `-`: such events have no caller.
   */
  readonly caller: string
  readonly answer: Answer
}

export type Answer =
  /** A response over HTTP, whose replay is marked. */
  | { readonly kind: 'response' }
  /** The handler's result. */
  | { readonly kind: 'value' }
  /** A partial batch response, which reports every record that failed by these identifiers. */
  | { readonly kind: 'batch'; readonly identifiers: readonly unknown[] }
  /** An error for the whole batch. */
  | { readonly kind: 'batch-error' }
  /** A TypeError that says what to do instead. */
  | { readonly kind: 'refused' }

export const response: Answer = { kind: 'response' }
export const value: Answer = { kind: 'value' }
export const refused: Answer = { kind: 'refused' }
export const batch = (...identifiers: readonly unknown[]): Answer => ({ kind: 'batch', identifiers })

/** Returns a copy of the event with other values at these JSON pointers. `undefined` removes the member. */
export function changed(event: unknown, changes: Readonly<Record<string, unknown>>): unknown {
  const copy: unknown = structuredClone(event)
  for (const [pointer, member] of Object.entries(changes)) {
    const [, ...path] = pointer.split('/').map((name) => name.replaceAll('~1', '/'))
    const last = path.pop() ?? ''
    const parent = path.reduce<object>((within, name) => Object(Reflect.get(within, name)), Object(copy))
    if (member === undefined) Reflect.deleteProperty(parent, last)
    else Reflect.set(parent, last, member)
  }
  return copy
}
