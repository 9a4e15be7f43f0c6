import type { Context } from 'aws-lambda'
import type { OncekeyError } from '../../core/errors.ts'
import type { Responder } from '../../core/request.ts'
import type { IdempotencyOptions, RefusalResponse } from '../../options.ts'
import { describeProblem, problemResponse, refusalHeaders } from './problem.ts'
import type { HttpRequest } from './request.ts'
import { addHeaders, asResponse, dropHeaders, expandShorthand, reasonPhrase } from './response.ts'
import { contentToStore, STORE_HEADER, type StoreOptions } from './stored.ts'

type ResponderOptions = StoreOptions & Pick<IdempotencyOptions, 'problems' | 'onRefusal' | 'legacyHeaders'>

/** Stripe answers 400 where the draft says 422. */
const STRIPE_STATUSES = { 'key-reused': 400 }

/** Creates what stores and answers the results of one function behind HTTP. */
export function createHttpResponder(options: ResponderOptions): Responder<HttpRequest> {
  const { legacyHeaders = false, profile, onRefusal } = options
  const problems =
    profile === 'stripe'
      ? { ...options.problems, statuses: { ...STRIPE_STATUSES, ...options.problems?.statuses } }
      : options.problems
  const replaced = new Set([STORE_HEADER, 'idempotent-replayed', 'idempotency-key'])
  if (legacyHeaders) replaced.add('x-idempotency-key').add('x-idempotency-cache-status')
  const isReplaced = (name: string): boolean => replaced.has(name)

  /** Returns the headers that show the key, if there is a valid one. */
  const echoHeaders = ({ echo }: HttpRequest): Record<string, string> => {
    if (echo === undefined) return {}
    return legacyHeaders
      ? { 'Idempotency-Key': echo, 'X-Idempotency-Key': echo }
      : { 'Idempotency-Key': echo }
  }

  /** Returns the result with these headers in place of any that have their names. Never throws. */
  const mark = (
    result: unknown,
    { shape }: HttpRequest,
    added: Readonly<Record<string, string>>,
  ): unknown => {
    try {
      const response = asResponse(shape, result) ?? expandShorthand(shape, result)
      return response ? addHeaders(shape, dropHeaders(response, isReplaced), added) : result
    } catch {
      // The runtime cannot serialize this result either, and fails as it would without us.
      return result
    }
  }

  /** Returns a refusal in the shape that the event's source expects, with the headers that every refusal has. */
  const finishRefusal = (
    request: HttpRequest,
    error: OncekeyError,
    { statusCode, headers = {}, body = '' }: RefusalResponse,
    isOfUser = false,
  ): unknown => {
    const { shape } = request
    const own = Object.entries(headers).filter(([name]) => !isReplaced(name.toLowerCase()))
    const ownNames = new Set(own.map(([name]) => name.toLowerCase()))
    const added = Object.entries(refusalHeaders(error, isOfUser)).filter(
      ([name]) => !ownNames.has(name.toLowerCase()),
    )
    const response = {
      statusCode,
      ...((shape.startsWith('alb') || shape === 'lattice') && {
        statusDescription: `${statusCode} ${reasonPhrase(statusCode)}`.trim(),
      }),
      body,
      isBase64Encoded: false,
    }
    return addHeaders(shape, response, { ...Object.fromEntries([...own, ...added]), ...echoHeaders(request) })
  }

  return {
    toStore: (result, { shape }, invocation) => contentToStore(shape, result, options, invocation),
    errorToStore: (_error, { shape }, invocation) =>
      profile === 'stripe'
        ? contentToStore(shape, { statusCode: 500, body: '' }, options, invocation)
        : undefined,
    respond(result, request) {
      const added = echoHeaders(request)
      if (legacyHeaders) added['X-Idempotency-Cache-Status'] = 'MISS'
      return mark(result, request, added)
    },
    replay(value, request) {
      const added = echoHeaders(request)
      added['Idempotent-Replayed'] = 'true'
      if (legacyHeaders) added['X-Idempotency-Cache-Status'] = 'HIT'
      return mark(value, request, added)
    },
    refuse(error, request, { event, context }) {
      const problem = describeProblem(request, error, problems)
      const byDefault = problemResponse(problem, problems)
      if (onRefusal === undefined && profile !== 'stripe') return finishRefusal(request, error, byDefault)
      const replace = onRefusal && (() => onRefusal(problem, error, event, context as Context))
      return import('./refusal.ts').then(async ({ replaceRefusal, stripeRefusal }) => {
        // Made first, as `onRefusal` might change the problem.
        const ofProfile = profile === 'stripe' ? stripeRefusal(problem) : byDefault
        const replaced = replace && (await replaceRefusal(replace))
        return finishRefusal(request, error, replaced ?? ofProfile, replaced !== undefined)
      })
    },
  }
}
