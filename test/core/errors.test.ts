import { expect, test } from 'vitest'
import {
  ERROR_CODES,
  InFlightError,
  isOncekeyError,
  KeyInvalidError,
  KeyMissingError,
  KeyReusedError,
  LeaseLostError,
  OncekeyError,
  OutcomeUnknownError,
  RecordUnreadableError,
  ResultUnavailableError,
  StoreUnavailableError,
} from '../../packages/oncekey/src/core/errors.ts'

const cause = new Error('the cause')
const key = 'k"1'

test.each<[OncekeyError, object, string]>([
  [new KeyMissingError('No key.', { cause }), { code: 'key-missing', retryable: false, cause }, 'No key.'],
  [new KeyInvalidError('No such key.'), { code: 'key-invalid', retryable: false }, 'No such key.'],
  [
    new KeyInvalidError('Too old.', { code: 'key-expired', cause }),
    { code: 'key-expired', retryable: false, cause },
    'Too old.',
  ],
  [
    new KeyReusedError(key),
    { code: 'key-reused', retryable: false, key },
    'Idempotency key "k\\"1" was already used for a different request. Use a new key for a new request. If it was the same request, the option fingerprint (of runOnce: input) has to leave out what changed.',
  ],
  [
    new InFlightError(key, 250, { cause }),
    { code: 'in-flight', retryable: true, key, retryAfterMs: 250, cause },
    'A run for idempotency key "k\\"1" is in progress. Retry later with the same key.',
  ],
  [
    new LeaseLostError(key, { cause }),
    { code: 'lease-lost', retryable: true, key, cause },
    'The run for idempotency key "k\\"1" lost its lease, and its result was not stored. Retry with the same key.',
  ],
  [
    new ResultUnavailableError(key, 'it is not JSON', 201),
    { code: 'replay-unavailable', retryable: false, key, status: 201 },
    'The run for idempotency key "k\\"1" completed, but its result was not stored: it is not JSON.',
  ],
  [
    new OutcomeUnknownError(key),
    { code: 'outcome-unknown', retryable: false, key },
    'The run for idempotency key "k\\"1" was interrupted and may or may not have taken effect. Check before you send the request again under a new key.',
  ],
  [
    new RecordUnreadableError('payments#1', 'it is newer', { cause }),
    { code: 'record-unreadable', retryable: false, id: 'payments#1', cause },
    'Record "payments#1" cannot be read: it is newer. It was left unchanged. Inspect it before you delete it.',
  ],
  [
    new StoreUnavailableError('No answer.', { retryable: true, cause }),
    { code: 'store-unavailable', retryable: true, cause },
    'No answer.',
  ],
  [
    new StoreUnavailableError('No such table.', { retryable: false }),
    { code: 'store-unavailable', retryable: false },
    'No such table.',
  ],
])('$0.name has a stable code, whether to retry, and the facts', (error, facts, message) => {
  expect(error).toBeInstanceOf(OncekeyError)
  expect(error).toMatchObject({ ...facts, name: error.constructor.name, message })
  expect(ERROR_CODES).toContain(error.code)
})

test('isOncekeyError recognizes an error by its code, of whatever copy of the package', () => {
  const other = Object.assign(new Error('The request was lost.'), {
    name: 'StoreUnavailableError',
    code: 'store-unavailable',
    retryable: true,
  })
  expect(isOncekeyError(other)).toBe(true)
  expect(isOncekeyError(other, 'store-unavailable')).toBe(true)
  expect(isOncekeyError(other, 'in-flight')).toBe(false)
})

test.each([
  undefined,
  null,
  'store-unavailable',
  { code: 'store-unavailable' },
  { code: 'ECONNRESET', retryable: true },
  { retryable: true },
])('isOncekeyError takes %j for no error of this library', (error) => {
  expect(isOncekeyError(error)).toBe(false)
})
