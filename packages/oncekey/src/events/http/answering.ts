import type { OncekeyError } from '../../protocol/errors.ts'
import type { Exchange } from '../exchange.ts'
import type { HttpAnsweringOptions } from './answering-options.ts'
import { echoKey } from './echo.ts'
import { keepResult, STORE_HEADER } from './keep.ts'
import { problemResponse } from './problem.ts'
import { type HttpReadingOptions, headerNames } from './reading-options.ts'
import type { HttpRequest } from './request.ts'
import { addHeaders, asResponse, dropHeaders, expandShorthand } from './response.ts'

export type { HttpAnsweringOptions, HttpResponse } from './answering-options.ts'

/** API Gateway gives a function 29 seconds by default; this leaves one for the answer. */
const LONGEST_WAIT_MS = 28_000

const REPLAYED = 'Idempotent-Replayed'

/** How the key was read decides how it is echoed. */
type AnsweringOptions = HttpAnsweringOptions & Pick<HttpReadingOptions, 'key' | 'header'>

type Answering = Pick<Exchange, 'keep' | 'keepError' | 'answer' | 'replay' | 'refuse' | 'longestWaitMs'>

/** The answering half of an HTTP exchange: what is stored, and what the caller gets. */
export function createAnswering(request: HttpRequest, key: string, options: AnsweringOptions): Answering {
  const { shape } = request
  const { legacyHeaders = false, profile, problems } = options
  const echo = echoHeaders(request, key, options)

  /** The result with the library's headers in place of any of those names. Never throws, never changes the result. */
  const mark = (result: unknown, marks: Readonly<Record<string, string>>, cacheStatus: string): unknown => {
    const added = { ...echo, ...marks, ...(legacyHeaders && { 'X-Idempotency-Cache-Status': cacheStatus }) }
    const replaced = new Set([
      STORE_HEADER,
      ...[REPLAYED, ...Object.keys(added)].map((name) => name.toLowerCase()),
    ])
    try {
      const response = asResponse(shape, result) ?? expandShorthand(shape, result)
      return response
        ? addHeaders(
            shape,
            dropHeaders(response, (name) => replaced.has(name)),
            added,
          )
        : result
    } catch {
      // What cannot be read here fails in the runtime, as it would have without us.
      return result
    }
  }

  return {
    longestWaitMs: LONGEST_WAIT_MS,
    keep: (result) => keepResult(shape, result, options),
    keepError: () =>
      profile === 'stripe' ? keepResult(shape, { statusCode: 500, body: '' }, options) : undefined,
    answer: (result) => mark(result, {}, 'MISS'),
    replay: (value) => mark(value, { [REPLAYED]: 'true' }, 'HIT'),
    refuse: (error) => problemResponse(request, error, problems, echo),
  }
}

/** The answer to a request that is refused before it is anybody's intent. A key that was well-formed is echoed. */
export function refusal(
  request: HttpRequest,
  error: OncekeyError,
  options: AnsweringOptions,
  key?: string,
): unknown {
  const echo = key === undefined ? {} : echoHeaders(request, key, options)
  return problemResponse(request, error, options.problems, echo)
}

function echoHeaders(
  request: HttpRequest,
  key: string,
  options: AnsweringOptions,
): Readonly<Record<string, string>> {
  const { legacyHeaders = false } = options
  const echoed = echoKey(request, key, headerNames(options))
  if (echoed === undefined) return {}
  return { 'Idempotency-Key': echoed, ...(legacyHeaders && { 'X-Idempotency-Key': echoed }) }
}
