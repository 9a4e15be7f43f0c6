import { httpApiEvent } from 'oncekey/testing'
import { describe, expect, it } from 'vitest'
import { eventSources } from '../../../packages/oncekey/src/testing/http-events.ts'
import { accepted, identifyHttp, read, refused } from './identified.ts'

const SKIPPED = { kind: 'unprotected', outcome: 'skipped' }

describe.each(eventSources)('a $source event', ({ build }) => {
  it.each(['POST', 'PATCH', 'post', 'Patch'])('is protected if its method is %s', (method) => {
    expect(accepted(build({ method, key: 'k1' })).key).toBe('k1')
  })

  it.each(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'CONNECT', ''])(
    'passes through if its method is %j, even with a malformed key',
    (method) => {
      expect(read(build({ method, key: '""' }))).toEqual(SKIPPED)
      expect(read(build({ method }), { required: true })).toEqual(SKIPPED)
    },
  )

  it('passes through without a key where none is required', () => {
    expect(read(build(), { required: false })).toEqual({ kind: 'unprotected', outcome: 'missing' })
  })

  it('is refused for a malformed key where none is required (never ignored)', () => {
    expect(refused(build({ key: '' }), { required: false }).error.code).toBe('key-invalid')
  })
})

describe('the option methods', () => {
  it('replaces the list, in any case', () => {
    const options = { methods: ['put', 'DELETE'] }
    expect(accepted(httpApiEvent({ method: 'PUT', key: 'k1' }), options).key).toBe('k1')
    expect(accepted(httpApiEvent({ method: 'DELETE', key: 'k1' }), options).key).toBe('k1')
    expect(read(httpApiEvent({ method: 'POST', key: 'k1' }), options)).toEqual(SKIPPED)
  })
})

describe('the option skip', () => {
  it('lets an event pass before its key is read', () => {
    const skip = (event: { rawPath: string }): boolean => event.rawPath === '/health'
    expect(read(httpApiEvent({ path: '/health', key: '""' }), { skip })).toEqual(SKIPPED)
    expect(accepted(httpApiEvent({ path: '/payments', key: 'k1' }), { skip }).key).toBe('k1')
  })

  it('is not asked about methods that are not protected', () => {
    const skip = (): boolean => {
      throw new Error('called')
    }
    expect(read(httpApiEvent({ method: 'GET' }), { skip })).toEqual(SKIPPED)
  })

  it('protects the event if it gives anything but true, such as the promise of an async function', () => {
    const skip: (event: unknown) => boolean = Object.assign(() => JSON.parse('{"then":1}'), {})
    expect(accepted(httpApiEvent({ key: 'k1' }), { skip }).key).toBe('k1')
  })

  it('refuses the event if it throws: nothing runs unprotected by accident', () => {
    const cause = new Error('no such member')
    const skip = (): boolean => {
      throw cause
    }
    expect(refused(httpApiEvent({ key: 'k1' }), { skip }).error).toMatchObject({
      code: 'identity-unknown',
      cause,
    })
  })
})

describe('an event that is not HTTP', () => {
  it.each([
    { what: 'undefined', event: undefined },
    { what: 'null', event: null },
    { what: 'a string', event: '{"httpMethod":"POST"}' },
    { what: 'a number', event: 5 },
    { what: 'a list', event: [] },
    { what: 'empty', event: {} },
    { what: 'SQS', event: { Records: [{ eventSource: 'aws:sqs', body: '{}' }] } },
    { what: 'EventBridge', event: { version: '0', id: 'x', 'detail-type': 'paid', detail: {} } },
    {
      what: 'WebSocket',
      event: {
        requestContext: { routeKey: '$default', eventType: 'MESSAGE', connectionId: 'x' },
        body: '{}',
      },
    },
    { what: 'an odd method', event: { httpMethod: 5, headers: {} } },
    { what: 'an odd method in 2.0', event: { version: '2.0', requestContext: { http: { method: {} } } } },
    {
      what: 'a VPC Lattice event without its service',
      event: { version: '2.0', method: 'POST', path: '/', requestContext: {} },
    },
  ])('is not read: $what', ({ event }) => {
    expect(identifyHttp(event)).toBeUndefined()
  })
})
