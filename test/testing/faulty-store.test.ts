import { type IdempotencyOptions, idempotentHandler, runOnce, StoreUnavailableError } from 'oncekey'
import {
  type FaultyStore,
  faultyStore,
  httpApiEvent,
  lambdaContext,
  manualClock,
  memoryStore,
} from 'oncekey/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { dynamoDbStore } from '../../packages/oncekey/src/stores/dynamodb/store.ts'

let store: FaultyStore
let runs: number

function protect(options?: IdempotencyOptions) {
  const clock = manualClock()
  runs = 0
  store = faultyStore(memoryStore(clock))
  const handler = idempotentHandler(async () => ({ statusCode: 201, body: `run ${++runs}` }), store, {
    clock,
    ...options,
  })
  return () => handler(httpApiEvent({ key: 'order-1' }), lambdaContext({ clock }))
}

describe('a store that fails on demand', () => {
  let send: ReturnType<typeof protect>
  beforeEach(() => {
    send = protect()
  })

  it('works as the store in it until it is told to fail', async () => {
    expect(await send()).toMatchObject({ statusCode: 201, body: 'run 1' })
    expect(await send()).toMatchObject({ statusCode: 201, body: 'run 1' })
    expect(store.calls).toEqual(['insert', 'complete', 'insert'])
  })

  it('loses one request, which is sent again', async () => {
    store.fail('insert')
    expect(await send()).toMatchObject({ statusCode: 201, body: 'run 1' })
    expect(store.calls).toEqual(['insert', 'insert', 'complete'])
  })

  it('loses one reply, after the call took effect', async () => {
    store.fail('complete', { lost: 'reply' })
    expect(await send()).toMatchObject({ statusCode: 201, body: 'run 1' })
    expect(await send()).toMatchObject({ statusCode: 201, body: 'run 1' })
    expect(runs).toBe(1)
  })

  it('is out of order until it recovers', async () => {
    store.fail('insert', { times: Number.POSITIVE_INFINITY })
    expect(await send()).toMatchObject({ statusCode: 503 })
    expect(runs).toBe(0)
    store.recover()
    expect(await send()).toMatchObject({ statusCode: 201, body: 'run 1' })
  })

  it('fails in the call that was named, and in as many as were named', async () => {
    const error = new StoreUnavailableError('refused', { retryable: false })
    store.fail('insert', { call: 2, times: 2, error })
    const statuses = []
    for (let n = 1; n <= 4; n += 1) statuses.push(Object(await send()).statusCode)
    expect(statuses).toEqual([201, 500, 500, 201])
  })

  it('fails as it was last told to', async () => {
    const error = new StoreUnavailableError('refused', { retryable: false })
    store.fail('insert', { times: Number.POSITIVE_INFINITY })
    store.fail('insert', { error })
    expect(Object(await send()).body).toContain('"retryable":false')
  })

  it('rejects with the error that it was given', async () => {
    const error = new StoreUnavailableError('the disk is full', { retryable: false })
    store.fail('insert', { error })
    const running = runOnce(store, { service: 'a', name: 'b', key: 'c' }, () => 1)
    await expect(running).rejects.toBe(error)
  })

  it('has transactions only if the store in it has them', () => {
    expect(store).not.toHaveProperty('commit')
    expect(faultyStore(dynamoDbStore('table'))).toHaveProperty('commit', expect.any(Function))
  })
})

describe('the context of an invocation', () => {
  it('counts down by the clock that it is given', () => {
    const clock = manualClock()
    const context = lambdaContext({ remainingMs: 3_000, clock })
    clock.advance(1_000)
    expect(context.getRemainingTimeInMillis()).toBe(2_000)
  })

  it('says what it is told to', () => {
    const context = lambdaContext({ functionName: 'refunds', awsRequestId: 'a' })
    expect(context).toMatchObject({
      functionName: 'refunds',
      awsRequestId: 'a',
      invokedFunctionArn: expect.stringMatching(/:refunds$/),
      logGroupName: '/aws/lambda/refunds',
    })
  })
})
