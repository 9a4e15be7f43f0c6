export { createIdempotentFetch, type IdempotentFetch, NoAnswerError } from './idempotent-fetch.ts'
export type { AttemptEnd, IdempotentFetchOptions } from './options.ts'
