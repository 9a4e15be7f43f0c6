import type { Kept } from '../../protocol/intent.ts'
import type { Members } from '../../protocol/members.ts'
import { unawaited } from '../../protocol/unawaited.ts'
import type { HttpAnsweringOptions, HttpResponse } from './answering-options.ts'
import type { HttpShape } from './request.ts'
import { asResponse, dropHeaders, isObject, isStream, statusOf } from './response.ts'
import { isStoredHeader } from './stored-headers.ts'

/** 4xx that may be another answer the next time: the caller's rights, a conflict, a limit. */
const PASSING = new Set([401, 403, 408, 409, 423, 425, 429])

const isSuccess = (status: number): boolean => status >= 200 && status < 300

const PROFILES: {
  readonly [name in NonNullable<HttpAnsweringOptions['profile']>]: (status: number) => boolean
} = {
  default: (status) => status >= 200 && status < 500 && !PASSING.has(status),
  stripe: () => true,
  'success-only': isSuccess,
}

/** The header by which a response says itself whether and how long it is kept. Stripped from every answer. */
export const STORE_HEADER = 'oncekey-store'
/** What RFC 9111 §1.2.2 asks caches to take longer times for. */
const MAX_SECONDS = 2 ** 31

/**
 * What to store of what the handler returned; `undefined`: nothing. Never throws: the work is done.
 * @param shape `undefined` for an event that is not HTTP: its result is no response, but the body of one with 200.
 */
export function keepResult(
  shape: HttpShape | undefined,
  result: unknown,
  options: HttpAnsweringOptions,
): Kept | undefined {
  try {
    return decide(shape, result, options)
  } catch (error) {
    return { unavailable: `it cannot be read (${nameOf(error)})` }
  }
}

function decide(
  shape: HttpShape | undefined,
  result: unknown,
  options: HttpAnsweringOptions,
): Kept | undefined {
  const response = shape && asResponse(shape, result)
  const status = statusOf(response)
  const view: HttpResponse = response
    ? { ...response, statusCode: status }
    : { statusCode: status, body: result }

  const lifeMs = response && saidLifeMs(response)
  if (lifeMs === 0 || (lifeMs === undefined && !isStored(view, options))) return undefined
  const facts = { ...(shape && { status }), ...(lifeMs !== undefined && { retentionMs: lifeMs }) }

  // Of any other event's result Lambda makes JSON, whatever it is: a repeat gets the same JSON.
  if (shape !== undefined && isStream(result)) return { unavailable: 'its body is a stream', ...facts }
  if (options.redact === undefined) return { value: response ? filter(response, options) : result, ...facts }

  let redacted: unknown
  try {
    // A copy: what is answered stays as it is, even if `redact` writes to what it gets.
    redacted = unawaited(options.redact(JSON.parse(JSON.stringify(view))))
  } catch (error) {
    return { unavailable: `redact threw (${nameOf(error)})`, ...facts }
  }
  if (!isObject(redacted) || typeof redacted.statusCode !== 'number') {
    return { unavailable: 'redact returned no response', ...facts }
  }
  return { value: response ? filter(redacted, options) : redacted.body, ...facts }
}

function isStored(view: HttpResponse, { profile = 'default', shouldStore }: HttpAnsweringOptions): boolean {
  try {
    const said: unknown = unawaited(shouldStore?.(view))
    if (typeof said === 'boolean') return said
  } catch {
    // The work is done, and how that is remembered must not depend on a rule that fails.
  }
  return PROFILES[profile](view.statusCode)
}

/** What is left of a response once it is stored. */
function filter(response: Members, { storeCookies = false }: HttpAnsweringOptions): Members {
  const { cookies, ...rest } = response
  return dropHeaders(storeCookies ? response : rest, (name) => !isStoredHeader(name, storeCookies))
}

/** How long the response asks to be kept; 0: not at all; `undefined`: it does not say, or not so that one can tell. */
function saidLifeMs({ headers, multiValueHeaders }: Members): number | undefined {
  const lives = [headers, multiValueHeaders]
    .flatMap((map) => (isObject(map) ? Object.entries(map) : []))
    .filter(([name]) => name.toLowerCase() === STORE_HEADER)
    .flatMap(([, value]) => String(value).toLowerCase().split(','))
    .flatMap((directive) => {
      if (directive.trim() === 'no-store') return 0
      const seconds = /^max-age="?(\d+)"?$/.exec(directive.trim())?.[1]
      return seconds === undefined ? [] : Math.min(Number(seconds), MAX_SECONDS) * 1000
    })
  return lives.length === 0 ? undefined : Math.min(...lives)
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'thrown'
}
