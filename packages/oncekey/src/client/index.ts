export { createIdempotentFetch, type IdempotentFetch } from './idempotent-fetch.ts'
export { NoAnswerError } from './no-answer-error.ts'
export type { AttemptEnd, IdempotentFetchOptions } from './options.ts'
