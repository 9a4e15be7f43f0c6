import { nameOf } from '../../core/error-description.ts'
import { warnOnce } from '../../core/outcome.ts'
import type { Problem, RefusalResponse } from '../../options.ts'
import { isObject } from './response.ts'

/** Returns the response that `onRefusal` returns, or `undefined` for the default one: a refusal never fails. */
export async function replaceRefusal(onRefusal: () => unknown): Promise<RefusalResponse | undefined> {
  try {
    const response = await onRefusal()
    if (response === undefined || isRefusalResponse(response)) return response
    warn('returned no response (expected statusCode 200 to 599, and a string as body)')
  } catch (error) {
    warn(`threw ${nameOf(error)}`)
  }
  return undefined
}

function warn(what: string): void {
  warnOnce('ONCEKEY_ON_REFUSAL', `onRefusal ${what}, and the default refusal was returned.`)
}

function isRefusalResponse(value: unknown): value is RefusalResponse {
  if (!isObject(value)) return false
  const { statusCode, headers = {}, body = '' } = value
  const isStatus = Number.isInteger(statusCode) && Number(statusCode) >= 200 && Number(statusCode) <= 599
  return isStatus && isObject(headers) && typeof body === 'string'
}

/** Refusals after which nobody knows, or can be told, what became of the request. */
const API_ERRORS: ReadonlySet<string> = new Set([
  'replay-unavailable',
  'outcome-unknown',
  'record-unreadable',
  'store-unavailable',
])

/**
 * Returns the refusal in the form of Stripe's errors. Stripe's clients take a response for an error only if its body has
 * `error`, and they retry every 409 and 5xx unless `Stripe-Should-Retry` says otherwise.
 * @see https://docs.stripe.com/api/errors
 */
export function stripeRefusal({ status, code, detail: message, retryable }: Problem): RefusalResponse {
  const isInUse = code === 'in-flight' || code === 'lease-lost'
  const isApiError = status >= 500 || API_ERRORS.has(code)
  const type =
    code === 'key-reused' ? 'idempotency_error' : isApiError ? 'api_error' : 'invalid_request_error'
  return {
    statusCode: status,
    headers: { 'Content-Type': 'application/json', 'Stripe-Should-Retry': String(retryable) },
    body: JSON.stringify({ error: { type, code: isInUse ? 'idempotency_key_in_use' : code, message } }),
  }
}
