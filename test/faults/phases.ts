import { randomBytes } from 'node:crypto'
import type { IdempotencyOptions, IdempotentContext } from 'oncekey'
import { FAULTS } from '../support/fault-proxy.ts'
import type { Phase } from '../support/protocol-phase.ts'
import type { Trial } from '../support/trial.ts'

export type Fault = keyof typeof FAULTS

/** What one call to the store going wrong comes to. */
export interface Sequel {
  /** The call that met the fault. */
  readonly first: string
  /** What it left in the table, before anything late arrives. */
  readonly record: 'none' | 'in-flight' | 'released' | 'completed'
  /** A retry at once, the store being well again and all late packets delivered. */
  readonly retry: string
  /** A retry after the end of whatever lease was left. */
  readonly later: string
  /** How often the handler ran, from the call that met the fault on. */
  readonly runs: number
  /** How often its effect happened: a step's, or a committed write's. */
  readonly effects?: number
}

export interface PhaseCase {
  readonly phase: Phase
  /** Calls that are made before the store goes wrong. */
  readonly calmCalls: number
  readonly options?: IdempotencyOptions
  /** The handler's work in its nth run; `effect` counts. */
  work(n: number, context: IdempotentContext, effect: () => void, trial: Trial): unknown
  expected(fault: Fault, isLasting: boolean): Sequel
}

const CREATED = { statusCode: 201, body: '{"paid":true}' }
/** Too long to be kept in the record itself. */
const LONG = { statusCode: 201, body: randomBytes(9_000).toString('base64') }

const WELL: Sequel = {
  first: '201',
  record: 'completed',
  retry: '201 replayed',
  later: '201 replayed',
  runs: 1,
}
/** The claim was given up and freed, nothing ran. */
const GIVEN_UP: Sequel = { ...WELL, first: '503', record: 'released', retry: '201' }
/** The status of a call that was refused: 503 says that a retry helps. */
const refusalOf = (fault: Fault): string => (fault === 'refused for good' ? '500' : '503')
/** The work is done and answered, but its result is not stored: only the end of the lease lets it run again. */
const UNSTORED: Sequel = { first: '201', record: 'in-flight', retry: '409', later: '201', runs: 2 }

/** The work is done and answered, and that is stored; what it came to found no room. */
const UNKEPT: Sequel = { ...WELL, retry: '410', later: '410' }

/** Whether a single fault is beyond what trying again can mend. */
const isFinal = (fault: Fault, isLasting: boolean): boolean =>
  fault === 'refused for good' || (isLasting && fault !== 'delivered again later')

const claimed =
  (unclaimed: 'none' | 'released') =>
  (fault: Fault, isLasting: boolean): Sequel => {
    if (!isFinal(fault, isLasting)) return WELL
    if (FAULTS[fault].write === 'now') return GIVEN_UP
    // It arrives after its caller gave it up: nobody runs, and only the end of the lease frees the key.
    const isLate = FAULTS[fault].write === 'held'
    const first = refusalOf(fault)
    return { ...GIVEN_UP, first, record: unclaimed, ...(isLate && { retry: '409', later: '201' }) }
  }

class Declined extends Error {
  override readonly name = 'Declined'
}

const throwFirst = (n: number): unknown => {
  if (n === 1) throw new Declined('declined')
  return CREATED
}

export const phaseCases: readonly PhaseCase[] = [
  { phase: 'insert', calmCalls: 0, work: () => CREATED, expected: claimed('none') },
  { phase: 'replace', calmCalls: 1, work: throwFirst, expected: claimed('released') },
  {
    phase: 'takeover',
    calmCalls: 1,
    async work(n, context) {
      await context.idempotency.step('quote', () => 100)
      return throwFirst(n)
    },
    expected: claimed('released'),
  },
  {
    phase: 'complete',
    calmCalls: 0,
    work: () => CREATED,
    expected(fault, isLasting) {
      if (!isFinal(fault, isLasting)) return WELL
      if (FAULTS[fault].write === 'now') return WELL
      return FAULTS[fault].write === 'held' ? { ...WELL, record: 'in-flight' } : UNSTORED
    },
  },
  {
    phase: 'release',
    calmCalls: 0,
    work: throwFirst,
    expected(fault, isLasting) {
      const free: Sequel = { ...WELL, first: 'threw Declined', record: 'released', retry: '201', runs: 2 }
      if (!isFinal(fault, isLasting) || FAULTS[fault].write === 'now') return free
      return FAULTS[fault].write === 'held'
        ? { ...free, record: 'in-flight' }
        : { ...free, record: 'in-flight', retry: '409', later: '201' }
    },
  },
  {
    phase: 'renew',
    calmCalls: 0,
    options: { renewEveryMs: 100 },
    async work(_n, _context, _effect, { proxy }) {
      await proxy.struck()
      return CREATED
    },
    // Renewed early enough, a lease outlasts any fault that a run meets on the way.
    expected: () => WELL,
  },
  {
    phase: 'write chunk',
    calmCalls: 0,
    work: () => LONG,
    expected: (fault, isLasting) => (isFinal(fault, isLasting) ? UNKEPT : WELL),
  },
  {
    phase: 'read chunk',
    calmCalls: 1,
    work: () => LONG,
    expected: (fault, isLasting) => ({
      ...WELL,
      first: isFinal(fault, isLasting) ? refusalOf(fault) : '201 replayed',
      runs: 0,
    }),
  },
  {
    phase: 'save step',
    calmCalls: 0,
    async work(_n, context, effect) {
      await context.idempotency.step('charge', effect)
      return CREATED
    },
    expected(fault, isLasting) {
      if (!isFinal(fault, isLasting)) return { ...WELL, effects: 1 }
      const effects = FAULTS[fault].write === 'now' ? 1 : 2
      return {
        ...WELL,
        first: 'threw StoreUnavailableError',
        record: 'released',
        retry: '201',
        runs: 2,
        effects,
      }
    },
  },
  {
    phase: 'commit',
    calmCalls: 0,
    async work(_n, context, _effect, { table }) {
      const Update = {
        TableName: table.name,
        Key: { id: 'wallet' },
        UpdateExpression: 'ADD moves :one',
        ExpressionAttributeValues: { ':one': 1 },
      }
      return await context.idempotency.commit(CREATED, [{ Update }])
    },
    expected(fault, isLasting) {
      if (!isFinal(fault, isLasting) || FAULTS[fault].write === 'now') return { ...WELL, effects: 1 }
      return {
        ...WELL,
        first: 'threw StoreUnavailableError',
        record: 'released',
        retry: '201',
        runs: 2,
        effects: 1,
      }
    },
  },
]
