import { expect } from 'vitest'
import {
  type HttpReading,
  type HttpReadingOptions,
  readHttp,
} from '../../../../packages/oncekey/src/events/http/reading.ts'

export const NOW_MS: number = Date.UTC(2026, 10, 22, 10)

/** Reads an event as the service `payments`, which a test knows to be an HTTP event. */
export function read(event: unknown, options: HttpReadingOptions = {}, nowMs: number = NOW_MS): HttpReading {
  const reading = readHttp(event, { service: 'payments', ...options }, nowMs)
  if (reading === undefined) throw new Error('The event was not read as an HTTP event.')
  return reading
}

export function asked(
  event: unknown,
  options: HttpReadingOptions = {},
): Extract<HttpReading, { kind: 'asked' }> {
  const reading = read(event, options)
  if (reading.kind !== 'asked') {
    throw new Error(
      `Expected the event to be asked, got ${reading.kind === 'refused' ? reading.error.message : reading.kind}.`,
    )
  }
  return reading
}

export function refused(
  event: unknown,
  options: HttpReadingOptions = {},
): Extract<HttpReading, { kind: 'refused' }> {
  const reading = read(event, options)
  if (reading.kind !== 'refused') throw new Error(`Expected the event to be refused, got ${reading.kind}.`)
  return reading
}

/** Whether two events are one request: same record, same fingerprint. */
export function expectSame(one: unknown, other: unknown, options: HttpReadingOptions = {}): void {
  expect(asked(other, options).intent).toEqual(asked(one, options).intent)
}

/** Whether two events use one key for two requests: same record, other fingerprint. */
export function expectReused(one: unknown, other: unknown, options: HttpReadingOptions = {}): void {
  const [first, second] = [asked(one, options).intent, asked(other, options).intent]
  expect(second.id).toBe(first.id)
  expect(second.fingerprint).not.toBe(first.fingerprint)
}

/** Whether two events never meet: other records. */
export function expectApart(one: unknown, other: unknown, options: HttpReadingOptions = {}): void {
  expect(asked(other, options).intent.id).not.toBe(asked(one, options).intent.id)
}
