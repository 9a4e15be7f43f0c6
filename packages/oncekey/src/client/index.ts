export {
  type AttemptEnd,
  createIdempotentFetch,
  type IdempotentFetch,
  type IdempotentFetchOptions,
} from './idempotent-fetch.ts'
export { NoAnswerError } from './no-answer-error.ts'
