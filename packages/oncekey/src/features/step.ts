import { type Claim, refuseIfInDoubt } from '../core/claim.ts'
import { LeaseLostError, ResultUnavailableError } from '../core/errors.ts'
import { actUntilMs } from '../core/lease.ts'
import { loadResult, offload } from '../core/offload.ts'
import { ensureLease, loseClaim } from '../core/renew.ts'
import type { Jsonify } from '../core/result.ts'
import { type LoadedResult, parseResult, type StoredResult, serialize } from '../core/result.ts'
import { retryUntil } from '../core/retry.ts'

const MAX_NAME_CHARACTERS = 255
/** With the longest names they fill about two thirds of the 400 KB of a DynamoDB item. */
const MAX_STEPS = 250
/** A takeover moves the expiry of the record, but not that of its steps' chunks: they last for a month of retries. */
const CHUNKS_OUTLIVE_BY_MS = 30 * 24 * 60 * 60 * 1000

/** The steps of one run. */
interface Steps {
  readonly startedNames: Set<string>
  /** Of all steps that the record holds, or may hold once they have run. */
  readonly names: Set<string>
  /** Results by name: a step that was run does not run again because saving its result failed. */
  readonly results: Map<string, LoadedResult>
  /** The size of the saved results that the record itself carries. */
  inlineBytes: number
  /** Resolves once no step is being saved: the next one has to know how large the record is by then. */
  saving: Promise<unknown>
}

const stepsOf = new WeakMap<Claim, Steps>()

/** Runs `fn` once and saves its result, or returns the result saved before. @see Attempt.step */
export async function runStep<T>(claim: Claim, name: string, fn: () => T | Promise<T>): Promise<Jsonify<T>> {
  const { request } = claim
  const steps = stepsOf.get(claim) ?? firstStep(claim)
  if (typeof name !== 'string' || name === '' || name.length > MAX_NAME_CHARACTERS || !name.isWellFormed()) {
    throw new TypeError(
      `step: expected a name of 1 to ${MAX_NAME_CHARACTERS} characters of well-formed Unicode, got ${JSON.stringify(name)}.`,
    )
  }
  if (steps.startedNames.has(name)) {
    throw new TypeError(`step: ${JSON.stringify(name)} was already used in this run. Use each name once.`)
  }
  if (!claim.isHeld) {
    throw new TypeError(`step: ${JSON.stringify(name)} was called after the run had ended. Await every step.`)
  }
  refuseIfInDoubt(claim, 'step')
  if (!steps.names.has(name) && steps.names.size >= MAX_STEPS) {
    throw new RangeError(
      `step: a run can save at most ${MAX_STEPS} steps, and ${JSON.stringify(name)} would be one more. Nothing was run. Save several results in one step, or give each part a key of its own with runOnce.`,
    )
  }

  steps.startedNames.add(name)
  steps.names.add(name)
  try {
    await ensureLease(claim)
    const result = await resultOf(claim, steps, name, fn)
    if (result.kind === 'unavailable') throw new ResultUnavailableError(request.key, result.reason)
    return parseResult(result) as Jsonify<T>
  } catch (error) {
    if (!(error instanceof ResultUnavailableError)) steps.startedNames.delete(name)
    // A step that did not run to its end saves nothing.
    if (!steps.results.has(name) && !claim.record.steps.has(name)) steps.names.delete(name)
    throw error
  }
}

function firstStep(claim: Claim): Steps {
  let inlineBytes = 0
  for (const result of claim.record.steps.values()) inlineBytes += inlineSizeBytes(result)
  const names = new Set(claim.record.steps.keys())
  claim.stepNames = names
  const steps: Steps = {
    startedNames: new Set(),
    names,
    results: new Map(),
    inlineBytes,
    saving: Promise.resolve(),
  }
  stepsOf.set(claim, steps)
  return steps
}

async function resultOf(claim: Claim, steps: Steps, name: string, fn: () => unknown): Promise<LoadedResult> {
  const { settings, lease, record } = claim
  const saved = record.steps.get(name)
  if (saved !== undefined) return loadResult(settings, lease, record.id, saved)

  const result = steps.results.get(name) ?? serialize({ value: await fn() })
  steps.results.set(name, result)
  const saving = steps.saving.then(() => save(claim, steps, name, result))
  steps.saving = saving.catch(() => undefined)
  await saving
  return result
}

async function save(claim: Claim, steps: Steps, name: string, result: LoadedResult): Promise<void> {
  const { settings, lease, record, request } = claim
  const stored = await offload(claim, result, {
    name: `step:${name}`,
    inlineBytes: steps.inlineBytes,
    expiresAtMs: record.expiresAtMs + CHUNKS_OUTLIVE_BY_MS,
  })
  const reply = await retryUntil(lease.clock, actUntilMs(lease), (limits) =>
    settings.store.saveStep(record, name, stored, limits),
  )
  if (reply.kind === 'refused') {
    loseClaim(claim)
    throw new LeaseLostError(request.key)
  }
  steps.inlineBytes += inlineSizeBytes(stored)
}

function inlineSizeBytes(result: StoredResult): number {
  switch (result.kind) {
    case 'json':
      return Buffer.byteLength(result.json)
    case 'compressed':
      return result.bytes.length
    default:
      return 0
  }
}
