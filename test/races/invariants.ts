import type { CrashMode, IdempotencyRecord } from '../../packages/oncekey/src/core/record.ts'
import type { Answer, Lease, Request } from './caller.ts'
import { type Call, isClaim } from './packets.ts'
import type { Underway } from './state.ts'

/** What has happened so far, as far as a promise is about it. */
export interface Story {
  /** A record's life ends with its deletion, or with a claim made after its expiry. */
  readonly life: number
  /** The latest attempt of this life. */
  readonly attempt: number
  readonly results: readonly { readonly life: number; readonly value: string; readonly fingerprint: string }[]
  /** Those of this life. */
  readonly effects: readonly Effect[]
  /** The live claims of runs that were cut off in their handler: nobody can tell them from runs that go on. */
  readonly cutOff: readonly Lease[]
  /** Whether the claim that stands could not help being left behind. */
  readonly isExcused: boolean
}

interface Effect {
  readonly name: string
  readonly fingerprint: string
  /** Until when its run takes the claim for its own, 0 once that is over. */
  readonly untilMs: number
  readonly onCrash: CrashMode
}

export interface Moved {
  readonly nowMs: number
  readonly before: IdempotencyRecord | undefined
  readonly call: Call
  readonly after: IdempotencyRecord | undefined
}

/** The story with what comes next, and the promise that this breaks. */
export interface Verdict {
  readonly story: Story
  readonly defect?: string | undefined
}

export const untold: Story = { life: 1, attempt: 0, results: [], effects: [], cutOff: [], isExcused: false }

export function afterDeletion(story: Story): Story {
  return { ...story, life: story.life + 1, attempt: 0, effects: [] }
}

/** Time has passed: which leases have lapsed is all that will matter of them. */
export function atTime(story: Story, nowMs: number): Story {
  const hasLapsed = ({ untilMs }: { untilMs: number }): boolean => untilMs > 0 && untilMs <= nowMs
  if (![...story.effects, ...story.cutOff].some(hasLapsed)) return story
  return {
    ...story,
    effects: story.effects.map((effect) => (hasLapsed(effect) ? { ...effect, untilMs: 0 } : effect)),
    cutOff: story.cutOff.filter((lease) => !hasLapsed(lease)),
  }
}

/** A write has landed and changed the record. */
export function afterWrite(story: Story, { before, call, after, nowMs }: Moved): Verdict {
  if (isClaim(call)) return afterClaim(story, before, call.record.createdAtMs, after)
  if (before?.status === 'completed') return { story, defect: 'a completed result is overwritten' }
  if (after?.status !== 'completed') return { story }
  const value = textOf(after)
  const result = { life: story.life, value, fingerprint: after.fingerprint }
  const stored = { ...story, results: [...story.results, result] }
  if (call.op !== 'commit') return { story: stored }
  const { fingerprint, onCrash } = after
  const effect = { name: 'charge', fingerprint, onCrash, untilMs: before?.leaseUntilMs ?? 0 }
  const { story: charged, defect } = afterEffect(story, effect, nowMs, before)
  return { story: { ...charged, results: stored.results }, defect }
}

function afterClaim(
  story: Story,
  before: IdempotencyRecord | undefined,
  decidedAtMs: number,
  after: IdempotencyRecord | undefined,
): Verdict {
  if (after?.status !== 'in-flight') return { story, defect: 'a claim leaves no claim' }
  const isAnew = before !== undefined && after.attempt === 1 && decidedAtMs >= before.expiresAtMs
  const life = isAnew ? afterDeletion(story) : story
  if (before?.status === 'completed' && !isAnew) return { story, defect: 'a completed result is replaced' }
  if (after.attempt <= life.attempt) return { story, defect: `attempt ${after.attempt} comes again` }
  if (after.attempt === 1 && after.steps.size > 0) return { story, defect: 'steps outlive the record' }
  return { story: { ...life, attempt: after.attempt, isExcused: false } }
}

/**
 * A handler has done something that the world keeps. `mayBeUnsaved`: an earlier run may have been told that its step
 * was not saved.
 */
export function afterEffect(
  story: Story,
  effect: Effect,
  nowMs: number,
  record: IdempotencyRecord | undefined,
  mayBeUnsaved = false,
): Verdict {
  const told = { ...story, effects: [...story.effects, effect] }
  const { name, fingerprint, untilMs, onCrash } = effect
  const earlier = story.effects.filter((other) => other.name === name && other.fingerprint === fingerprint)
  if (earlier.length > 0 && onCrash === 'refuse') {
    return { story: told, defect: `${name} is done again, against onCrash` }
  }
  // A run that outlived its lease cannot be stopped from outside; it can only be kept from writing.
  if (untilMs <= nowMs) return { story: atTime(told, nowMs) }
  const isDone = story.results.some(
    ({ life, ...of }) => life === story.life && of.fingerprint === fingerprint,
  )
  if (earlier.length > 0 && isDone)
    return { story: told, defect: `${name} is done after its result was stored` }
  if (record?.status === 'in-flight' && record.steps.has(name)) {
    return { story: told, defect: `${name} is done though it is saved` }
  }
  const isRepeat = earlier.some((other) => other.untilMs > nowMs)
  if (isRepeat && !mayBeUnsaved)
    return { story: told, defect: `${name} is done again, though no lease lapsed` }
  return { story: told }
}

/** Nothing kept a run from renewing its lease, but it has lapsed and is taken over while the run goes on. */
export function ofTakeover(
  { before, call, nowMs }: Moved,
  requests: readonly Underway[],
): string | undefined {
  if (call.op !== 'takeover' || before === undefined || before.leaseUntilMs === 0) return undefined
  const run = requests.find(({ moment }) => before.owner.startsWith(`${moment.request.name}.`))
  const goesOn =
    run?.moment.request.host !== 'lambda' && (run?.moment.output.lease?.untilMs ?? nowMs + 1) <= nowMs
  return goesOn ? `the claim of ${before.owner} is taken over, though its run goes on` : undefined
}

/** The holders at this moment. */
export function ofHolders(leases: readonly (Lease | undefined)[], nowMs: number): string | undefined {
  const holders = new Set(leases.flatMap((lease) => (lease && lease.untilMs > nowMs ? [lease.holder] : [])))
  return holders.size > 1 ? `${[...holders].join(' and ')} hold the key at once` : undefined
}

export function ofAnswer(
  { results }: Story,
  { fingerprint, onStoreError }: Request,
  answer: Answer,
): string | undefined {
  const { value, outcomes } = answer
  if (outcomes.length !== 1) return `it ends in ${outcomes.length} outcomes: ${outcomes.join(', ')}`
  if (value === undefined || outcomes[0] === 'completion-failed') return undefined
  if (onStoreError === 'run' && outcomes[0] === 'store-unavailable') return undefined
  const isStored = results.some((result) => result.value === value && result.fingerprint === fingerprint)
  return isStored ? undefined : `the answer ${String(value)} is not what is stored`
}

/** What a request's result looks like in the record. */
function textOf({ result }: Extract<IdempotencyRecord, { status: 'completed' }>): string {
  return result.kind === 'json' ? String(JSON.parse(result.json)) : result.kind
}
