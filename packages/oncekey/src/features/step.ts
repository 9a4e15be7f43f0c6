import type { Jsonify } from 'type-fest'
import { type Claim, refuseIfInDoubt } from '../core/claim.ts'
import { LeaseLostError, ResultUnavailableError } from '../core/errors.ts'
import { actUntilMs, storeNowMs } from '../core/lease.ts'
import { loadResult, offload } from '../core/offload.ts'
import { type LoadedResult, parseResult, type StoredResult, serialize } from '../core/result.ts'
import { retryUntil } from '../core/retry.ts'

const MAX_NAME_CHARACTERS = 255
/** A takeover moves the expiry of the record, but not that of its steps' chunks: they last for a month of retries. */
const CHUNKS_OUTLIVE_BY_MS = 30 * 24 * 60 * 60 * 1000

/** The steps of one run. */
interface Steps {
  readonly startedNames: Set<string>
  /** Results by name: a step that was run does not run again because saving its result failed. */
  readonly results: Map<string, LoadedResult>
  /** What the record carries of saved results. */
  inlineBytes: number
}

const stepsOf = new WeakMap<Claim, Steps>()

/** Runs `fn` once and saves its result, or returns the result saved before. @see Attempt.step */
export async function runStep<T>(claim: Claim, name: string, fn: () => T | Promise<T>): Promise<Jsonify<T>> {
  const { request, lease } = claim
  const steps = stepsOf.get(claim) ?? firstStep(claim)
  if (typeof name !== 'string' || name === '' || name.length > MAX_NAME_CHARACTERS) {
    throw new TypeError(
      `step: expected a name of 1 to ${MAX_NAME_CHARACTERS} characters, got ${JSON.stringify(name)}.`,
    )
  }
  if (steps.startedNames.has(name)) {
    throw new TypeError(`step: ${JSON.stringify(name)} was already used in this run. Use each name once.`)
  }
  if (!claim.isHeld) {
    throw new TypeError(`step: ${JSON.stringify(name)} was called after the run had ended. Await every step.`)
  }
  refuseIfInDoubt(claim, 'step')
  // A run that was frozen past its lease must not begin another effect.
  if (storeNowMs(lease) >= claim.leaseUntilMs) throw new LeaseLostError(request.key)

  steps.startedNames.add(name)
  try {
    const result = await resultOf(claim, steps, name, fn)
    if (result.kind === 'unavailable') throw new ResultUnavailableError(request.key, result.reason)
    return parseResult(result) as Jsonify<T>
  } catch (error) {
    if (!(error instanceof ResultUnavailableError)) steps.startedNames.delete(name)
    throw error
  }
}

function firstStep(claim: Claim): Steps {
  let inlineBytes = 0
  for (const result of claim.record.steps.values()) inlineBytes += inlineSizeBytes(result)
  const steps: Steps = { startedNames: new Set(), results: new Map(), inlineBytes }
  stepsOf.set(claim, steps)
  return steps
}

async function resultOf(claim: Claim, steps: Steps, name: string, fn: () => unknown): Promise<LoadedResult> {
  const { settings, lease, record, request } = claim
  const saved = record.steps.get(name)
  if (saved !== undefined) return loadResult(settings, lease, record.id, saved)

  const result = steps.results.get(name) ?? serialize({ value: await fn() })
  steps.results.set(name, result)
  const stored = await offload(claim, result, {
    name: `step:${name}`,
    inlineBytes: steps.inlineBytes,
    expiresAtMs: record.expiresAtMs + CHUNKS_OUTLIVE_BY_MS,
  })
  claim.stepNames.add(name)
  const reply = await retryUntil(settings.clock, actUntilMs(lease), (limits) =>
    settings.store.saveStep(record, name, stored, limits),
  )
  if (reply.kind === 'refused') throw new LeaseLostError(request.key)
  steps.inlineBytes += inlineSizeBytes(stored)
  return result
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
