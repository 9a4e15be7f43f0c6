import { albEvent, albMultiEvent, functionUrlEvent, httpApiEvent, restEvent } from 'oncekey/testing'
import { describe, expect, it } from 'vitest'
import { headerValues, readRequest } from '../../../packages/oncekey/src/sources/http/request.ts'
import {
  eventSources,
  latticeEventV1,
  latticeEventV2,
} from '../../../packages/oncekey/src/testing/http-events.ts'
import { readAll } from './identified.ts'

const FACTS = {
  method: 'POST',
  path: '/orders/42/capture',
  query: 'b=x%20y&a=1&b=2',
  key: 'k1',
  headers: { 'X-Two': ['1', '2'] },
  body: '{"amount":100}',
}

const rest = readAll(restEvent(FACTS))

const valuesOf = (event: unknown, name: string): unknown => {
  const request = readRequest(event)
  return request && headerValues(request, name)
}

describe('one normal form', () => {
  it.each([
    { build: restEvent, shape: 'rest', two: ['1', '2'], b: ['x y', '2'] },
    { build: httpApiEvent, shape: 'http', two: ['1,2'], b: ['x y', '2'] },
    { build: functionUrlEvent, shape: 'http', two: ['1,2'], b: ['x y', '2'] },
    { build: albEvent, shape: 'alb', two: ['2'], b: ['2'] },
    { build: albMultiEvent, shape: 'alb-multi', two: ['1', '2'], b: ['x y', '2'] },
    { build: latticeEventV1, shape: 'lattice', two: ['1,2'], b: ['x y', '2'] },
    { build: latticeEventV2, shape: 'lattice', two: ['1', '2'], b: ['x y', '2'] },
  ])('is what $shape is read as', ({ build, shape, two, b }) => {
    const request = readAll(build(FACTS))
    expect(request).toMatchObject({ shape, method: 'POST', path: '/orders/42/capture', body: FACTS.body })
    expect(valuesOf(build(FACTS), 'x-two')).toEqual(two)
    expect(valuesOf(build(FACTS), 'idempotency-key')).toEqual(['k1'])
    const byName = Map.groupBy(request.query, ([name]) => name)
    expect(byName.get('b')?.map(([, value]) => value)).toEqual(b)
    expect(byName.get('a')?.map(([, value]) => value)).toEqual(['1'])
    expect(byName.size).toBe(2)
  })

  it.each(eventSources)('decodes a base64 body of $source', ({ build }) => {
    const bytes = Uint8Array.of(0x89, 0x50, 0xff)
    expect(readAll(build({ body: 'é', base64: true })).body).toBe('é')
    expect(readAll(build({ body: bytes })).body).toEqual(Buffer.from(bytes))
    expect(readAll(build({ body: null })).body).toBe('')
  })

  it('keeps the byte order mark of a base64 body', () => {
    expect(readAll(restEvent({ body: '\ufeffa', base64: true })).body).toBe('\ufeffa')
  })
})

describe('an event with less in it than AWS sends', () => {
  it.each([
    { what: 'only headers', change: { multiValueHeaders: null } },
    { what: 'only multiValueHeaders', change: { headers: null } },
    { what: 'no requestContext', change: { requestContext: undefined } },
  ])('is read from what is there: $what', ({ change }) => {
    const event = { ...restEvent({ ...FACTS, headers: {} }), ...change }
    expect(readAll(event)).toEqual(rest)
    expect(valuesOf(event, 'idempotency-key')).toEqual(['k1'])
  })

  it('is read with the single parameters where the lists are missing', () => {
    const event = { ...restEvent({ query: 'a=1&b=2' }), multiValueQueryStringParameters: null }
    expect(readAll(event).query).toEqual([
      ['a', '1'],
      ['b', '2'],
    ])
  })

  it('is read with the parsed parameters where the raw query is missing', () => {
    for (const rawQueryString of [undefined, '']) {
      const event = { ...httpApiEvent({ query: 'a=1&b=2' }), rawQueryString }
      expect(readAll(event).query).toEqual([
        ['a', '1'],
        ['b', '2'],
      ])
    }
  })

  it.each([
    { what: '1.0 without path', event: { ...restEvent(), path: undefined }, path: '/prod/payments' },
    { what: '2.0 without rawPath', event: { ...httpApiEvent(), rawPath: undefined }, path: '/payments' },
  ])('has the path that is left: $what', ({ event, path }) => {
    expect(readAll(event).path).toBe(path)
  })

  it('has the method that is left', () => {
    expect(readAll({ ...restEvent(), httpMethod: undefined }).method).toBe('POST')
  })

  it('has no query, no headers and no body where they are odd', () => {
    for (const odd of [null, undefined, 5, 'x', true, []]) {
      const parts = {
        headers: odd,
        multiValueHeaders: odd,
        rawQueryString: odd === 'x' ? '' : odd,
        queryStringParameters: odd === 'x' ? null : odd,
        multiValueQueryStringParameters: odd === 'x' ? null : odd,
      }
      const event = { ...httpApiEvent(), ...parts }
      expect(readAll(event).query).toEqual([])
      expect(valuesOf(event, 'idempotency-key')).toBeUndefined()
    }
  })
})

describe('HTTP API with payload format 1.0', () => {
  it('is read and answered like a REST API', () => {
    expect(readAll({ version: '1.0', ...restEvent(FACTS) })).toEqual(rest)
  })
})
