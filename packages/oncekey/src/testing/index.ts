/** Exports what the tests of a protected handler need, and the contract for a store of one's own. */
export type { Clock } from '../core/clock.ts'
export { memoryStore } from '../stores/memory.ts'
export { type Fault, type FaultyStore, faultyStore } from './faulty-store.ts'
export {
  albEvent,
  albMultiEvent,
  type Caller,
  functionUrlEvent,
  type HttpApiEvent,
  httpApiEvent,
  type RequestFacts,
  restEvent,
} from './http-events.ts'
export { type LambdaContextFacts, lambdaContext } from './lambda-context.ts'
export { type ManualClock, manualClock } from './manual-clock.ts'
export { fifoRecord, sqsEvent, sqsRecord } from './sqs-events.ts'
export { type StoreCheck, storeContract } from './store-contract.ts'
