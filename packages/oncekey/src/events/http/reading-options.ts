/** A function of the event. It is declared as a method so that a handler may name its own event type. */
type OfEvent<T> = { of(event: unknown): T }['of']

/** How requests are read: which are protected, whose they are, and when two of them are the same. */
export interface HttpReadingOptions {
  /**
   * Gives the key in place of a header, such as a webhook's event id; `undefined` if the event has none.
   * It is used as it is, with the same limits. If it throws, the request is refused as one with an invalid key.
   * @default the header's value
   */
  readonly key?: OfEvent<string | undefined>
  /** The service that keys belong to. @default the Lambda function's name */
  readonly service?: string
  /**
   * Names the caller; `undefined` leaves it to what the event's source says. Name one that stays the same when
   * tokens are renewed. If it throws or gives an empty string, the request is refused.
   */
  readonly principal?: OfEvent<string | undefined>
  /** Refuses requests whose caller nothing identifies. @default false: they share the scope `anonymous` */
  readonly requirePrincipal?: boolean
  /**
   * What tells a repeat from another request under the same key: what the function gives, alone (any JSON value);
   * or everything but what the JSON pointers name in the body; or, with `false`, nothing.
   * @default method, path, query and body
   */
  readonly fingerprint?: OfEvent<unknown> | readonly string[] | false
  /** The methods that are protected, in any case. @default POST and PATCH */
  readonly methods?: readonly string[]
  /** Whether to let an event pass without protection: only `true` does. */
  readonly skip?: OfEvent<boolean>
  /** Whether requests without a key are refused; else they run without protection. @default true */
  readonly required?: boolean
  /** Makes each method and path a key space of its own. @default one for the whole service */
  readonly scope?: 'operation'
  /** The header that holds the key, or several names of it; two that disagree are refused. @default Idempotency-Key */
  readonly header?: string | readonly string[]
  /** Accepts only the quoted form of the header, as the draft has it. @default bare keys too */
  readonly syntax?: 'strict'
  /** In characters. @default 1 */
  readonly minLength?: number
  /** What must match somewhere in the key; anchor it to mean the whole of it. */
  readonly pattern?: RegExp
  /**
   * How old a UUIDv7 or ULID key may be, in milliseconds: set it to the retention, and a late retry cannot run again
   * after its record is gone. One from more than a minute ahead is refused too; keys that carry no time are not.
   */
  readonly maxKeyAgeMs?: number
}

/** What is read where the options do not say. */
export const READING_DEFAULTS = {
  methods: ['POST', 'PATCH'],
  header: 'Idempotency-Key',
} as const

/** The headers that may hold the key; none where a function gives it. */
export function headerNames({ key, header }: HttpReadingOptions): readonly string[] {
  if (key !== undefined) return []
  const names = header ?? READING_DEFAULTS.header
  return typeof names === 'string' ? [names] : names
}
