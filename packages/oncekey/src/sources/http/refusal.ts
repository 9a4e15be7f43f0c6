import { warnOnce } from '../../core/outcome.ts'
import type { RefusalResponse } from '../../options.ts'
import { isObject } from './response.ts'

/** Returns the response that `onRefusal` returns, or `undefined` for the default one: a refusal never fails. */
export async function replaceRefusal(onRefusal: () => unknown): Promise<RefusalResponse | undefined> {
  try {
    const response = await onRefusal()
    if (response === undefined || isRefusalResponse(response)) return response
    warn('returned no response (expected statusCode 200 to 599, and a string as body)')
  } catch (error) {
    warn(`threw ${error instanceof Error ? error.name : typeof error}`)
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
