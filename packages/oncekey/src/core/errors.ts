/** The stable codes of everything that keeps Oncekey from answering with a result. */
export type ErrorCode = (typeof ERROR_CODES)[number]

export const ERROR_CODES = [
  'key-missing',
  'key-invalid',
  'key-expired',
  'identity-unknown',
  'key-reused',
  'in-flight',
  'lease-lost',
  'replay-unavailable',
  'outcome-unknown',
  'record-unreadable',
  'store-unavailable',
] as const

/** The base of every error of this library: a stable `code`, and whether the same request may be sent again. */
export abstract class OncekeyError extends Error {
  abstract readonly code: ErrorCode
  abstract readonly retryable: boolean
}

/** Thrown if a required key is missing. Nothing was run. */
export class KeyMissingError extends OncekeyError {
  override readonly name = 'KeyMissingError'
  readonly code = 'key-missing'
  readonly retryable = false
}

type KeyFault = 'key-invalid' | 'key-expired' | 'identity-unknown'

/**
 * Thrown if the key is malformed (`key-invalid`), older than its record may be (`key-expired`), or if its caller or
 * its content cannot be determined (`identity-unknown`). Nothing was run.
 */
export class KeyInvalidError extends OncekeyError {
  override readonly name = 'KeyInvalidError'
  readonly code: KeyFault
  readonly retryable = false

  constructor(message: string, options?: ErrorOptions & { code?: KeyFault }) {
    super(message, options)
    this.code = options?.code ?? 'key-invalid'
  }
}

/** Thrown if the key was used before for a different request. Nothing was run, and the record is unchanged. */
export class KeyReusedError extends OncekeyError {
  override readonly name = 'KeyReusedError'
  readonly code = 'key-reused'
  readonly retryable = false
  readonly key: string

  constructor(key: string) {
    super(
      `Idempotency key ${quote(key)} was already used for a different request. Use a new key for a new request. If it was the same request, the option fingerprint (of runOnce: input) has to leave out what changed.`,
    )
    this.key = key
  }
}

/**
 * Thrown while another run holds the claim. `retryAfterMs` suggests when to retry: after as long as that run has taken
 * so far, and no later than its lease ends; 0 if that is not known.
 */
export class InFlightError extends OncekeyError {
  override readonly name = 'InFlightError'
  readonly code = 'in-flight'
  readonly retryable = true
  readonly key: string
  readonly retryAfterMs: number

  constructor(key: string, retryAfterMs: number, options?: ErrorOptions) {
    super(`A run for idempotency key ${quote(key)} is in progress. Retry later with the same key.`, options)
    this.key = key
    this.retryAfterMs = retryAfterMs
  }
}

/** Thrown if this run no longer holds the claim, and no other run has completed. Its result was not stored. */
export class LeaseLostError extends OncekeyError {
  override readonly name = 'LeaseLostError'
  readonly code = 'lease-lost'
  readonly retryable = true
  readonly key: string

  constructor(key: string, options?: ErrorOptions) {
    super(
      `The run for idempotency key ${quote(key)} lost its lease, and its result was not stored. Retry with the same key.`,
      options,
    )
    this.key = key
  }
}

/** Thrown if the run completed, but its result was not stored. It will not run again. `status` is its HTTP status. */
export class ResultUnavailableError extends OncekeyError {
  override readonly name = 'ResultUnavailableError'
  readonly code = 'replay-unavailable'
  readonly retryable = false
  readonly key: string
  /** Why, without contents. */
  readonly reason: string
  readonly status: number | undefined

  constructor(key: string, reason: string, status?: number) {
    super(`The run for idempotency key ${quote(key)} completed, but its result was not stored: ${reason}.`)
    this.key = key
    this.reason = reason
    this.status = status
  }
}

/** Thrown if a run was interrupted and its record says `onCrash: 'refuse'`: it may or may not have taken effect. */
export class OutcomeUnknownError extends OncekeyError {
  override readonly name = 'OutcomeUnknownError'
  readonly code = 'outcome-unknown'
  readonly retryable = false
  readonly key: string

  constructor(key: string) {
    super(
      `The run for idempotency key ${quote(key)} was interrupted and may or may not have taken effect. Check before you send the request again under a new key.`,
    )
    this.key = key
  }
}

/** Thrown if a record, or a step in it, is damaged or of a newer format. It was left unchanged, and nothing was run. */
export class RecordUnreadableError extends OncekeyError {
  override readonly name = 'RecordUnreadableError'
  readonly code = 'record-unreadable'
  readonly retryable = false
  readonly id: string

  constructor(id: string, reason: string, options?: ErrorOptions) {
    super(
      `Record ${quote(id)} cannot be read: ${reason}. It was left unchanged. Inspect it before you delete it.`,
      options,
    )
    this.id = id
  }
}

/** Thrown if the store did not answer in time, or refused for good (`retryable` is false; `message` says what to do). */
export class StoreUnavailableError extends OncekeyError {
  override readonly name = 'StoreUnavailableError'
  readonly code = 'store-unavailable'
  readonly retryable: boolean
  /** Set if the store certainly did nothing, since it throttled the only request that was sent. */
  readonly isThrottled: boolean
  /** The cause in the store's own words, if these show neither key nor contents. */
  readonly reason: string | undefined

  constructor(
    message: string,
    options: ErrorOptions & { retryable: boolean; isThrottled?: boolean; reason?: string | undefined },
  ) {
    super(message, options)
    this.retryable = options.retryable
    this.reason = options.reason
    this.isThrottled = options.isThrottled === true
  }
}

/** Every error of this library, by its code. */
interface ErrorsByCode {
  readonly 'key-missing': KeyMissingError
  readonly 'key-invalid': KeyInvalidError
  readonly 'key-expired': KeyInvalidError
  readonly 'identity-unknown': KeyInvalidError
  readonly 'key-reused': KeyReusedError
  readonly 'in-flight': InFlightError
  readonly 'lease-lost': LeaseLostError
  readonly 'replay-unavailable': ResultUnavailableError
  readonly 'outcome-unknown': OutcomeUnknownError
  readonly 'record-unreadable': RecordUnreadableError
  readonly 'store-unavailable': StoreUnavailableError
}

/**
 * Returns whether this is an error of this library, with this code if one is given. Unlike `instanceof` it recognizes
 * the errors of every copy: a process has two if it uses the package as an ES module and as CommonJS.
 */
export function isOncekeyError<Code extends ErrorCode = ErrorCode>(
  error: unknown,
  code?: Code,
): error is ErrorsByCode[Code] {
  const { code: actual, retryable } = Object(error)
  return (
    typeof retryable === 'boolean' && (code === undefined ? ERROR_CODES.includes(actual) : actual === code)
  )
}

function quote(text: string): string {
  return JSON.stringify(text)
}
