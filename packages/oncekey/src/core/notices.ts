import { isOncekeyError } from './errors.ts'
import type { Outcome, OutcomeEvent } from './outcome.ts'

/** What to log about something that somebody has to look at. */
export interface Notice {
  readonly level: 'warn' | 'error'
  readonly message: string
  readonly hint: string
  /** How many of them are logged in an interval: more where each may be work that was done twice. */
  readonly burst: number
}

const FEW = 1
const MANY = 20

const TWICE =
  'Effects outside DynamoDB may have happened twice. Look for frozen processes and for handlers that block the event loop.'

const NOT_STORED: Notice = {
  level: 'error',
  message: 'A run has ended, but its result was not stored.',
  hint: "Unless onCrash is 'refuse', a repeat runs the handler again once its lease has ended. Find out what this run did.",
  burst: MANY,
}
const UNPROTECTED: Notice = {
  level: 'error',
  message: 'The handler ran without protection, because the store was unavailable.',
  hint: 'Another run with the key may have taken effect too. Find out what this run did.',
  burst: MANY,
}
const UNAVAILABLE: Notice = {
  level: 'warn',
  message: 'The key was not claimed, and the handler did not run.',
  hint: 'A retry with the same key is safe. If this lasts, see the message of the error.',
  burst: FEW,
}
const REFUSED: Notice = {
  level: 'error',
  message: 'The key was not claimed, and the handler did not run.',
  hint: 'This fails until somebody corrects it: see the message of the error.',
  burst: FEW,
}
const UNREADABLE: Notice = {
  level: 'error',
  message: 'The record cannot be read, and the handler did not run.',
  hint: 'Run `oncekey show` with the record id. If a newer version wrote the record, deploy that version again.',
  burst: FEW,
}
const UNKNOWN: Notice = {
  level: 'error',
  message: 'An earlier run was interrupted, and its repeats are refused.',
  hint: 'Find out whether that run took effect. If it did not, run `oncekey release` with the record id.',
  burst: FEW,
}
const SUPERSEDED: Notice = {
  level: 'warn',
  message: 'A run lost its claim, and another run has completed.',
  hint: TWICE,
  burst: MANY,
}
const OVERTAKEN: Notice = {
  level: 'warn',
  message: 'A run lost its claim, and another run is in progress.',
  hint: TWICE,
  burst: MANY,
}
const NOT_KEPT: Notice = {
  level: 'warn',
  message: 'The handler has finished, but there is no result to replay. Repeats are refused and do not run.',
  hint: 'The error says why. Return JSON of at most 6 MB, and delete no items of the table.',
  burst: FEW,
}
const UNIDENTIFIED: Notice = {
  level: 'warn',
  message: 'An event could not be identified, and the handler did not run.',
  hint: 'Check the authorizer and the options key, principal, fingerprint and skip.',
  burst: FEW,
}

/** Returns whether the function `key` threw: only that gives a malformed key a cause. Every request may be refused. */
function isHookError(error: unknown): boolean {
  return isOncekeyError(error, 'key-invalid') && 'cause' in error
}

/** Returns what to log about an outcome, or `undefined` if it is in order, or only its caller can correct it. */
export function noticeOf(
  outcome: Outcome,
  { attempt, error }: Pick<OutcomeEvent, 'attempt' | 'error'> = {},
): Notice | undefined {
  switch (outcome) {
    case 'completion-failed':
      return NOT_STORED
    case 'store-unavailable':
      if (attempt !== undefined) return UNPROTECTED
      return isOncekeyError(error, 'store-unavailable') && error.retryable ? UNAVAILABLE : REFUSED
    case 'unreadable':
      return UNREADABLE
    case 'outcome-unknown':
      return UNKNOWN
    case 'superseded':
      return SUPERSEDED
    case 'in-flight':
      return attempt === undefined ? undefined : OVERTAKEN
    case 'executed':
      return error === undefined ? undefined : NOT_KEPT
    case 'replay-unavailable':
      return NOT_KEPT
    case 'invalid':
      return isOncekeyError(error, 'identity-unknown') || isHookError(error) ? UNIDENTIFIED : undefined
    default:
      return undefined
  }
}
