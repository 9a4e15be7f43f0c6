import { expect } from 'vitest'
import type { ProtectedRequest } from '../../../packages/oncekey/src/core/request.ts'
import type { IdempotencyOptions } from '../../../packages/oncekey/src/options.ts'
import {
  type HttpRequest,
  readBody,
  readQuery,
  readRequest,
} from '../../../packages/oncekey/src/sources/http/request.ts'
import { createHttpSource } from '../../../packages/oncekey/src/sources/http/source.ts'
import type { Identified } from '../../../packages/oncekey/src/sources/identify.ts'
import { headerValues } from './delivered.ts'

export const NOW_MS: number = Date.UTC(2026, 10, 22, 10)

/** Identifies an event of the service `payments`; `undefined` if it is not an HTTP event. */
export function identifyHttp(event: unknown, options: IdempotencyOptions = {}): Identified | undefined {
  const { service = 'payments' } = options
  const invocation = { event, context: {}, service, startedAtMs: NOW_MS, deadlineMs: undefined }
  return createHttpSource(options)(invocation)
}

/** Identifies an event that a test knows to be an HTTP event. */
export function read(event: unknown, options: IdempotencyOptions = {}): Identified {
  const identified = identifyHttp(event, options)
  if (identified === undefined) throw new Error('The event was not read as an HTTP event.')
  return identified
}

export function requestOf(event: unknown, options: IdempotencyOptions = {}): ProtectedRequest {
  const identified = read(event, options)
  if (identified.kind === 'request') return identified.request
  const got = identified.kind === 'refused' ? identified.error.message : identified.kind
  throw new Error(`Expected a request, got ${got}.`)
}

/** Returns what makes a request: two events with the same record and fingerprint are the same request. */
export function accepted(
  event: unknown,
  options: IdempotencyOptions = {},
): Pick<ProtectedRequest, 'id' | 'key' | 'fingerprint' | 'expiredKey'> {
  const { id, key, fingerprint, expiredKey } = requestOf(event, options)
  return { id, key, fingerprint, expiredKey }
}

/** Returns the error of a refused event, its answer, and the key that the answer shows. */
export function refused(
  event: unknown,
  options: IdempotencyOptions = {},
): {
  readonly error: Extract<Identified, { kind: 'refused' }>['error']
  readonly answer: unknown
  readonly echo: string | undefined
} {
  const identified = read(event, options)
  if (identified.kind !== 'refused') {
    throw new Error(`Expected the event to be refused, got ${identified.kind}.`)
  }
  const shape = readRequest(event)?.shape ?? 'http'
  const answer = identified.refuse()
  return { error: identified.error, answer, echo: headerValues(shape, answer, 'idempotency-key')[0] }
}

/** Reads all of an HTTP event that is compared or answered. */
export function readAll(event: unknown): Pick<HttpRequest, 'shape' | 'method' | 'path'> & {
  readonly query: ReturnType<typeof readQuery>
  readonly body: ReturnType<typeof readBody>
} {
  const request = readRequest(event)
  if (request === undefined) throw new Error('The event was not read as an HTTP event.')
  const { shape, method, path } = request
  return { shape, method, path, query: readQuery(request), body: readBody(request) }
}

/** Expects two events to be one request: same record, same fingerprint. */
export function expectSame(one: unknown, other: unknown, options: IdempotencyOptions = {}): void {
  expect(accepted(other, options)).toEqual(accepted(one, options))
}

/** Expects two events to use one key for two requests: same record, other fingerprint. */
export function expectReused(one: unknown, other: unknown, options: IdempotencyOptions = {}): void {
  const [first, second] = [accepted(one, options), accepted(other, options)]
  expect(second.id).toBe(first.id)
  expect(second.fingerprint).not.toBe(first.fingerprint)
}

/** Expects two events to have different records. */
export function expectApart(one: unknown, other: unknown, options: IdempotencyOptions = {}): void {
  expect(accepted(other, options).id).not.toBe(accepted(one, options).id)
}
