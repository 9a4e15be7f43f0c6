import { idempotentBatch, idempotentHandler, once } from 'oncekey'
import { memoryStore } from 'oncekey/memory'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'
import { describe, expect, it } from 'vitest'
import { failures } from '../triggers/consumer.ts'
import { eventBridgeEvent, sqsEvent, sqsRecord } from '../triggers/fixtures.ts'

type Answering = (hook: unknown) => Promise<unknown>

/** The answer of a service with this hook, and what the process was told of rejections that nobody hears. */
async function answerOf(call: Answering, hook: unknown) {
  const unheard: unknown[] = []
  const hear = (reason: unknown) => unheard.push(reason)
  process.on('unhandledRejection', hear)
  const answer = await call(hook).catch((error: unknown) => error)
  // Node tells of a rejection when no microtask is left.
  await new Promise(setImmediate)
  process.off('unhandledRejection', hear)
  return { answer, unheard }
}

const protect = (options: object, event: unknown): Promise<unknown> => {
  const work = () => ({ statusCode: 201, body: 'paid' })
  return Reflect.apply(idempotentHandler, undefined, [work, memoryStore(), options])(event, lambdaContext())
}
const request = httpApiEvent({ key: 'order-1' })
const event = eventBridgeEvent('e-1')
const key = () => 'order-1'

const consume = (options: object): Promise<unknown> => {
  const quiet = { onRecordError: () => undefined }
  const handler = Reflect.apply(idempotentBatch, undefined, [
    () => undefined,
    memoryStore(),
    { ...quiet, ...options },
  ])
  return handler(sqsEvent(sqsRecord('m-1', 'paid')), lambdaContext())
}
const failing = () => {
  throw new Error('no key')
}

const callOnce = (options: object): Promise<unknown> => {
  class Orders {
    @once<[]>(memoryStore(), { service: 'shop', ...options } as never)
    async charge(): Promise<string> {
      return 'charged'
    }
  }
  return new Orders().charge()
}

const paid = expect.objectContaining({ statusCode: 201 })
const refusal = (statusCode: number) => expect.objectContaining({ statusCode })
const error = (name: string) => expect.objectContaining({ name })

/** Each hook whose value is taken at once, what an event is answered with it, and by whom it is asked. */
const hooks: readonly (readonly [hook: string, where: string, call: Answering, expected: unknown])[] = [
  ['shouldStore', 'a request', (shouldStore) => protect({ shouldStore }, request), paid],
  ['redact', 'a request', (redact) => protect({ redact }, request), paid],
  ['skip', 'a request', (skip) => protect({ skip }, request), paid],
  ['key', 'a request', (hook) => protect({ key: hook }, request), refusal(400)],
  ['principal', 'a request', (principal) => protect({ principal }, request), refusal(500)],
  ['fingerprint', 'a request', (fingerprint) => protect({ fingerprint }, request), refusal(500)],
  ['shouldStore', 'an event', (shouldStore) => protect({ shouldStore }, event), paid],
  ['redact', 'an event', (redact) => protect({ redact }, event), paid],
  ['skip', 'an event', (skip) => protect({ skip }, event), paid],
  ['key', 'an event', (hook) => protect({ key: hook }, event), error('KeyInvalidError')],
  ['principal', 'an event', (principal) => protect({ key, principal }, event), error('KeyInvalidError')],
  ['fingerprint', 'an event', (fingerprint) => protect({ fingerprint }, event), error('KeyInvalidError')],
  ['key', 'a record of a batch', (hook) => consume({ key: hook }), failures('m-1')],
  ['fingerprint', 'a record of a batch', (fingerprint) => consume({ fingerprint }), failures('m-1')],
  ['group', 'a record of a batch', (group) => consume({ group }), failures('m-1')],
  [
    'onRecordError',
    'a record of a batch',
    (onRecordError) => consume({ key: failing, onRecordError }),
    failures('m-1'),
  ],
  ['key', 'a method with @once', (hook) => callOnce({ key: hook }), error('KeyInvalidError')],
  ['input', 'a method with @once', (input) => callOnce({ key, input }), error('TypeError')],
]

describe('a hook that gives a promise where nobody waits for one', () => {
  it.each(hooks)('%s of %s may reject, and the process lives on', async (_hook, _where, call, expected) => {
    let asked = 0
    // No `vi.fn`: it listens to the promises that pass through it.
    const hook = async () => {
      asked += 1
      throw new Error('the service for feature flags is away')
    }
    const { answer, unheard } = await answerOf(call, hook)
    expect(asked).toBe(1)
    expect(answer).toEqual(expected)
    expect(unheard).toEqual([])
  })
})
