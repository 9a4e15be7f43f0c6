import { createRequire } from 'node:module'
import { idempotentHandler, isOncekeyError, StoreUnavailableError } from 'oncekey'

const { faultyStore, httpApiEvent, lambdaContext, memoryStore } = createRequire(import.meta.url)(
  'oncekey/testing',
)

// A store of the CommonJS copy, in a handler of the other: the claim's reply is lost for good, and it must be released.
const store = faultyStore(memoryStore())
store.fail('insert', { lost: 'reply', times: Infinity })
let thrown
const handler = idempotentHandler(async () => ({ statusCode: 201 }), store, {
  service: 'payments',
  onOutcome: ({ error }) => {
    thrown = error
  },
})
const { statusCode } = await handler(httpApiEvent({ key: 'order-1' }), lambdaContext({ remainingMs: 3_000 }))
console.log(
  statusCode,
  store.calls.includes('release'),
  isOncekeyError(thrown, 'store-unavailable'),
  thrown instanceof StoreUnavailableError,
)
