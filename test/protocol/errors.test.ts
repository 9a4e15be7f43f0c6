import { expect, test } from 'vitest'
import {
  InFlightError,
  KeyInvalidError,
  KeyMissingError,
  KeyReusedError,
  LeaseLostError,
  OncekeyError,
  OutcomeUnknownError,
  RecordUnreadableError,
  ResultUnavailableError,
  StoreUnavailableError,
} from '../../packages/oncekey/src/protocol/errors.ts'

const cause = new Error('the cause')
const rows: readonly [() => OncekeyError, Record<string, unknown>][] = [
  [
    () => new KeyMissingError('No key.', { cause }),
    { name: 'KeyMissingError', code: 'key-missing', retryable: false, message: 'No key.', cause },
  ],
  [
    () => new KeyInvalidError('No such key.'),
    { name: 'KeyInvalidError', code: 'key-invalid', retryable: false, message: 'No such key.' },
  ],
  [
    () => new KeyInvalidError('Too old.', { code: 'key-expired', cause }),
    { name: 'KeyInvalidError', code: 'key-expired', retryable: false, message: 'Too old.', cause },
  ],
  [
    () => new KeyReusedError('k"1'),
    {
      name: 'KeyReusedError',
      code: 'key-reused',
      retryable: false,
      key: 'k"1',
      message: 'Idempotency key "k\\"1" already names another request: send the new request under a new key.',
    },
  ],
  [
    () => new InFlightError('k1', 250, { cause }),
    {
      name: 'InFlightError',
      code: 'in-flight',
      retryable: true,
      key: 'k1',
      retryAfterMs: 250,
      message: 'A run for idempotency key "k1" is in flight: ask again later.',
      cause,
    },
  ],
  [
    () => new LeaseLostError('k1', { cause }),
    {
      name: 'LeaseLostError',
      code: 'lease-lost',
      retryable: true,
      key: 'k1',
      message:
        'The run for idempotency key "k1" lost its lease, and its result was not stored: ask again with the same key.',
      cause,
    },
  ],
  [
    () => new ResultUnavailableError('k1', 'it is not JSON', 201),
    {
      name: 'ResultUnavailableError',
      code: 'replay-unavailable',
      retryable: false,
      key: 'k1',
      status: 201,
      message:
        'The run for idempotency key "k1" completed, but its result could not be kept: it is not JSON.',
    },
  ],
  [
    () => new OutcomeUnknownError('k1'),
    {
      name: 'OutcomeUnknownError',
      code: 'outcome-unknown',
      retryable: false,
      key: 'k1',
      message:
        'The run for idempotency key "k1" was cut off; whether it took effect is not known. Look it up before sending it again under a new key.',
    },
  ],
  [
    () => new RecordUnreadableError('payments#1', 'it is newer', { cause }),
    {
      name: 'RecordUnreadableError',
      code: 'record-unreadable',
      retryable: false,
      id: 'payments#1',
      message:
        'Record "payments#1" cannot be read: it is newer. It was left as it is: look at it before you remove it.',
      cause,
    },
  ],
  [
    () => new StoreUnavailableError('No answer.', { retryable: true, cause }),
    {
      name: 'StoreUnavailableError',
      code: 'store-unavailable',
      retryable: true,
      message: 'No answer.',
      cause,
    },
  ],
  [
    () => new StoreUnavailableError('No such table.', { retryable: false }),
    { name: 'StoreUnavailableError', code: 'store-unavailable', retryable: false },
  ],
]

test.each(rows)('$1.name carries a stable code, whether to ask again, and the facts', (make, facts) => {
  const error = make()
  expect(error).toBeInstanceOf(OncekeyError)
  expect(error).toMatchObject(facts)
})
