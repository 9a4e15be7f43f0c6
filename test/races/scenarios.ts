import type { Client } from './caller.ts'
import { charges, commitsThenGoesOn, renewsThenCharges, reservesThenCharges } from './handlers.ts'
import type { Trouble } from './state.ts'

/** Who asks for the key, and how often each thing may go wrong in one schedule. */
export interface Scenario {
  readonly name: string
  readonly clients: readonly Client[]
  readonly trouble: Trouble
}

const calm: Trouble = { faults: 0, crashes: 0, copies: 0, lapses: 0, throws: 0, retries: 0 }

const caller: Client = {
  fingerprint: 'f',
  handler: charges,
  term: 'deadline',
  onCrash: 'rerun',
  waitMs: 0,
  clockAheadMs: 0,
}
const stepper: Client = { ...caller, handler: reservesThenCharges }
const committer: Client = { ...caller, handler: commitsThenGoesOn }
const renewer: Client = { ...caller, handler: renewsThenCharges, term: 'duration' }
const waiter: Client = { ...caller, term: 'duration', waitMs: 7_000 }
const stranger: Client = { ...caller, fingerprint: 'g' }
const refuser: Client = { ...caller, onCrash: 'refuse' }
const early: Client = { ...caller, clockAheadMs: 120_000 }
const late: Client = { ...caller, clockAheadMs: -120_000 }

function scenario(name: string, clients: readonly Client[], trouble: Partial<Trouble>): Scenario {
  return { name, clients, trouble: { ...calm, ...trouble } }
}

/** Small enough for every run of the tests. */
export const quick = {
  callers: scenario('three callers, a handler that throws', [caller, caller, caller], {
    lapses: 1,
    throws: 1,
  }),
  crash: scenario('two callers, a crash, a lost packet', [caller, caller], {
    faults: 1,
    crashes: 1,
    lapses: 1,
  }),
  retry: scenario('a caller that asks again after a crash or a 503', [caller, caller], {
    faults: 1,
    retries: 1,
    throws: 1,
  }),
  copies: scenario('two callers, late copies, expiry', [caller, caller], { copies: 1, lapses: 2, throws: 1 }),
  steps: scenario('two callers with steps, a lost packet', [stepper, stepper], {
    faults: 1,
    lapses: 1,
    throws: 1,
  }),
  expiry: scenario('two callers with steps, expiry', [stepper, stepper], { lapses: 2, throws: 1 }),
  commits: scenario('two callers with commits in doubt, late copies', [committer, committer], {
    faults: 1,
    copies: 1,
    throws: 1,
  }),
  renewals: scenario('two callers that renew', [renewer, renewer], { faults: 1, lapses: 1 }),
  strangers: scenario('two callers and another request under their key', [caller, caller, stranger], {
    lapses: 1,
    throws: 1,
  }),
  refusal: scenario('three callers that would rather not run twice', [refuser, refuser, refuser], {
    crashes: 1,
    lapses: 1,
  }),
  waiting: scenario('two callers that wait for each other', [waiter, waiter], { crashes: 1, lapses: 1 }),
  clocks: scenario('two callers whose clocks are four minutes apart', [early, late], {
    lapses: 1,
    faults: 1,
  }),
  conflicts: scenario('two callers, two lost packets or conflicts', [caller, caller], { faults: 2 }),
}

/** As far as a few minutes go. */
export const deep = {
  callers: scenario('three callers, a crash, a lost packet', [caller, caller, caller], {
    faults: 1,
    crashes: 1,
    lapses: 1,
  }),
  retry: scenario('two callers, a crash, a lost packet, a retry', [caller, caller], {
    faults: 1,
    crashes: 1,
    lapses: 1,
    retries: 1,
  }),
  crashedCallers: scenario('three callers, a crash, a retry', [caller, caller, caller], {
    crashes: 1,
    lapses: 1,
    retries: 1,
  }),
  lapses: scenario('three callers, two lapses', [caller, caller, caller], { lapses: 2, throws: 1 }),
  copies: scenario('two callers, late copies, a lost packet', [caller, caller], {
    faults: 1,
    copies: 1,
    lapses: 1,
    throws: 1,
  }),
  twoCopies: scenario('two callers, two late copies, expiry', [caller, caller], {
    copies: 2,
    lapses: 2,
    throws: 1,
  }),
  steps: scenario('two callers with steps, a crash, a lost packet', [stepper, stepper], {
    faults: 1,
    crashes: 1,
    lapses: 1,
    throws: 1,
  }),
  expiry: scenario('two callers with steps, a crash, expiry', [stepper, stepper], {
    crashes: 1,
    lapses: 3,
    throws: 1,
  }),
  commits: scenario('three callers with commits in doubt, late copies', [committer, committer, committer], {
    faults: 1,
    copies: 1,
    throws: 1,
  }),
  lapsedCommits: scenario('two callers with commits in doubt, late copies, a lapse', [committer, committer], {
    faults: 1,
    copies: 1,
    lapses: 1,
    throws: 1,
  }),
  renewals: scenario('two callers that renew, late copies', [renewer, renewer], {
    faults: 1,
    copies: 1,
    lapses: 1,
  }),
  strangers: scenario('two callers and another request, a crash', [caller, caller, stranger], {
    crashes: 1,
    lapses: 1,
    throws: 1,
    copies: 1,
  }),
  refusal: scenario(
    'three callers that would rather not run twice, a lost packet',
    [refuser, refuser, refuser],
    {
      faults: 1,
      lapses: 1,
    },
  ),
  waiting: scenario('two callers that wait, a crash, a lost packet', [waiter, waiter], {
    faults: 1,
    crashes: 1,
    lapses: 1,
  }),
  clocks: scenario(
    'three callers whose clocks differ, with leases of their own',
    [
      { ...early, term: 'duration' },
      { ...late, term: 'duration' },
      { ...caller, term: 'duration' },
    ],
    { lapses: 1 },
  ),
  clocksAndFaults: scenario(
    'two callers whose clocks differ, with leases of their own, a lost packet',
    [
      { ...early, term: 'duration' },
      { ...late, term: 'duration' },
    ],
    { lapses: 1, faults: 1 },
  ),
  conflicts: scenario('two callers, two lost packets or conflicts', [caller, caller], {
    faults: 2,
    lapses: 1,
  }),
}
