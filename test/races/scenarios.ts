import {
  ahead,
  behind,
  type Client,
  caller,
  committer,
  early,
  far,
  hurried,
  late,
  managed,
  refuser,
  renewer,
  stepper,
  stranger,
  tooLate,
  unprotected,
  waiter,
  worker,
} from './clients.ts'
import { calm, type Trouble } from './state.ts'

/** Who asks for the key, and how often each thing may go wrong in one schedule. */
export interface Scenario {
  readonly name: string
  readonly clients: readonly Client[]
  readonly trouble: Trouble
}

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
  renewals: scenario('a caller that renews, and another', [renewer, caller], { faults: 1, lapses: 1 }),
  strangers: scenario('two callers and another request under their key', [caller, caller, stranger], {
    lapses: 1,
    throws: 1,
  }),
  refusal: scenario('three callers that would rather not run twice', [refuser, refuser, refuser], {
    crashes: 1,
    lapses: 1,
  }),
  waiting: scenario('a caller that waits for another', [waiter, caller], { crashes: 1, lapses: 1 }),
  clocks: scenario('two callers whose clocks are four minutes apart', [early, late], {
    lapses: 1,
    faults: 1,
  }),
  managedClocks: scenario(
    'clocks far apart, where nobody ends a run',
    [
      { ...early, host: 'managed' },
      { ...late, host: 'managed' },
    ],
    { turns: 2 },
  ),
  conflicts: scenario('two callers, two lost packets or conflicts', [caller, caller], { faults: 2 }),
  outlasting: scenario('runs that outlast their deadline', [managed, managed], { turns: 4 }),
  lostRenewals: scenario('runs that outlast their deadline, a lost packet', [managed, managed], {
    turns: 2,
    faults: 1,
  }),
  lateRenewals: scenario('runs without a deadline that freeze', [worker, worker], { turns: 2, lapses: 1 }),
  deadlines: scenario('runs that their host ends', [caller, managed], { turns: 3 }),
  finals: scenario('a final error, whether the write landed or not', [caller, managed], {
    finals: 1,
    turns: 1,
    retries: 1,
  }),
  closeClocks: scenario('clocks within the margin, short leases', [behind, ahead], { turns: 3, crashes: 1 }),
  unseenClocks: scenario('a clock that is late by more than the margin', [tooLate, ahead], {
    turns: 3,
    crashes: 1,
  }),
  lastMinute: scenario('a caller that waits until its deadline', [caller, hurried], { throws: 1 }),
  unprotected: scenario('a caller that runs without protection', [unprotected, caller], { faults: 2 }),
  unprotectedClocks: scenario(
    'a late clock without protection, a final error',
    [{ ...tooLate, onStoreError: 'run' }, ahead],
    { finals: 1, crashes: 1, turns: 2 },
  ),
  regions: scenario('two Regions, one cut off', [far, worker], { cuts: 1, turns: 2 }),
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
    { faults: 1, lapses: 1 },
  ),
  waiting: scenario('two callers that wait, a crash, a lost packet', [waiter, waiter], {
    faults: 1,
    crashes: 1,
    lapses: 1,
  }),
  clocks: scenario(
    'three callers whose clocks differ, with leases of their own',
    [
      { ...early, host: 'none' },
      { ...late, host: 'none' },
      { ...caller, host: 'none' },
    ],
    { lapses: 1 },
  ),
  clocksAndFaults: scenario(
    'two callers whose clocks differ, with leases of their own, a lost packet',
    [
      { ...early, host: 'none' },
      { ...late, host: 'none' },
    ],
    { lapses: 1, faults: 1 },
  ),
  conflicts: scenario('two callers, two lost packets or conflicts', [caller, caller], {
    faults: 2,
    lapses: 1,
  }),
  outlasting: scenario('runs that outlast their deadline, a crash', [managed, managed], {
    turns: 5,
    crashes: 1,
    throws: 1,
  }),
  lostRenewals: scenario('a run that outlasts its deadline, a lost packet', [managed, caller], {
    turns: 2,
    faults: 1,
  }),
  lostAgain: scenario('a run that outlasts its deadline, two lost packets', [managed, caller], {
    turns: 2,
    faults: 2,
  }),
  frozenRenewals: scenario('runs without a deadline that freeze, a lost packet', [worker, worker], {
    turns: 1,
    lapses: 1,
    faults: 1,
  }),
  lateCopies: scenario('a run without a deadline, late copies', [worker, caller], {
    turns: 1,
    lapses: 1,
    copies: 1,
  }),
  longSteps: scenario(
    'runs with steps that outlast their deadline',
    [
      { ...stepper, host: 'managed' },
      { ...stepper, host: 'managed' },
    ],
    { turns: 1, lapses: 1 },
  ),
  longCommits: scenario(
    'runs with commits that outlast their deadline',
    [
      { ...committer, host: 'managed' },
      { ...committer, host: 'managed' },
    ],
    { turns: 2, faults: 1 },
  ),
  zombies: scenario('runs that freeze before their host ends them', [caller, caller], {
    turns: 2,
    lapses: 1,
  }),
  finals: scenario('a final error, a lost packet', [caller, managed], { finals: 1, faults: 1, turns: 1 }),
  closeClocks: scenario('clocks within the margin, short leases, a lost packet', [behind, ahead], {
    turns: 3,
    faults: 1,
  }),
  unseenClocks: scenario('clocks that are late by more than the margin, a freeze', [tooLate, behind], {
    turns: 3,
    lapses: 1,
    crashes: 1,
  }),
  waitingRenewed: scenario('a caller that waits for a run without a deadline', [waiter, worker], {
    turns: 1,
    crashes: 1,
    throws: 1,
  }),
  unprotected: scenario('callers that run without protection, a freeze', [unprotected, unprotected], {
    faults: 2,
    lapses: 1,
  }),
  unprotectedFinals: scenario(
    'a run without protection that outlasts its deadline, a final error',
    [{ ...unprotected, host: 'managed' }, caller],
    { finals: 1, turns: 2 },
  ),
  regions: scenario('two Regions, a conflict, one cut off', [far, caller], { faults: 1, cuts: 1, turns: 1 }),
}
