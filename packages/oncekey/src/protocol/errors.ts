/** The stable names of everything that can keep Oncekey from answering with a result. */
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

/** What every error of this library carries: a stable `code`, and whether the same request may be sent again. */
export abstract class OncekeyError extends Error {
  abstract readonly code: ErrorCode
  abstract readonly retryable: boolean
}

/** The event names no key, and one is required. Nothing was run. */
export class KeyMissingError extends OncekeyError {
  override readonly name = 'KeyMissingError'
  readonly code = 'key-missing'
  readonly retryable = false
}

type KeyFault = 'key-invalid' | 'key-expired' | 'identity-unknown'

/**
 * The key cannot be read (`key-invalid`), is too old to be sure that its record is still there (`key-expired`), or
 * whose it is or what it stands for cannot be found out (`identity-unknown`). Nothing was run.
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

/** The key already names another request. Nothing was run and the record is untouched. */
export class KeyReusedError extends OncekeyError {
  override readonly name = 'KeyReusedError'
  readonly code = 'key-reused'
  readonly retryable = false
  readonly key: string

  constructor(key: string) {
    super(
      `Idempotency key ${quote(key)} already names another request: send the new request under a new key.`,
    )
    this.key = key
  }
}

/** Another run holds the claim. `retryAfterMs` is what is left of its lease, as far as it is known. */
export class InFlightError extends OncekeyError {
  override readonly name = 'InFlightError'
  readonly code = 'in-flight'
  readonly retryable = true
  readonly key: string
  readonly retryAfterMs: number

  constructor(key: string, retryAfterMs: number, options?: ErrorOptions) {
    super(`A run for idempotency key ${quote(key)} is in flight: ask again later.`, options)
    this.key = key
    this.retryAfterMs = retryAfterMs
  }
}

/** This run no longer holds the claim, and no successor has a result to answer with. Its own result was not stored. */
export class LeaseLostError extends OncekeyError {
  override readonly name = 'LeaseLostError'
  readonly code = 'lease-lost'
  readonly retryable = true
  readonly key: string

  constructor(key: string, options?: ErrorOptions) {
    super(
      `The run for idempotency key ${quote(key)} lost its lease, and its result was not stored: ask again with the same key.`,
      options,
    )
    this.key = key
  }
}

/** The work is done and will not be run again, but its result could not be kept. `status` is the HTTP status it had. */
export class ResultUnavailableError extends OncekeyError {
  override readonly name = 'ResultUnavailableError'
  readonly code = 'replay-unavailable'
  readonly retryable = false
  readonly key: string
  readonly status: number | undefined

  constructor(key: string, reason: string, status?: number) {
    super(`The run for idempotency key ${quote(key)} completed, but its result could not be kept: ${reason}.`)
    this.key = key
    this.status = status
  }
}

/** A run was cut off and the record says `onCrash: 'refuse'`: whether its effect happened is not known. */
export class OutcomeUnknownError extends OncekeyError {
  override readonly name = 'OutcomeUnknownError'
  readonly code = 'outcome-unknown'
  readonly retryable = false
  readonly key: string

  constructor(key: string) {
    super(
      `The run for idempotency key ${quote(key)} was cut off; whether it took effect is not known. Look it up before sending it again under a new key.`,
    )
    this.key = key
  }
}

/** The record, or a step in it, is damaged, foreign or of a newer format. It was left alone and no work was begun. */
export class RecordUnreadableError extends OncekeyError {
  override readonly name = 'RecordUnreadableError'
  readonly code = 'record-unreadable'
  readonly retryable = false
  readonly id: string

  constructor(id: string, reason: string, options?: ErrorOptions) {
    super(
      `Record ${quote(id)} cannot be read: ${reason}. It was left as it is: look at it before you remove it.`,
      options,
    )
    this.id = id
  }
}

/** The store did not answer in time, or refused for good (then `retryable` is false, and `message` says the mend). */
export class StoreUnavailableError extends OncekeyError {
  override readonly name = 'StoreUnavailableError'
  readonly code = 'store-unavailable'
  readonly retryable: boolean

  constructor(message: string, options: ErrorOptions & { retryable: boolean }) {
    super(message, options)
    this.retryable = options.retryable
  }
}

function quote(text: string): string {
  return JSON.stringify(text)
}
