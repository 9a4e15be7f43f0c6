import type { Jsonify } from 'type-fest'
import { LeaseLostError, ResultUnavailableError } from '../protocol/errors.ts'
import { type EncodedResult, encodeResult, type StoredResult } from '../protocol/result.ts'
import type { Attempt } from './attempt.ts'
import { persist } from './persist.ts'
import { place } from './place.ts'
import { parseRecalled, type Recalled, recall, recallable } from './recall.ts'
import { type Hold, refuseIfInDoubt, type Scene } from './scene.ts'

const MAX_NAME_CHARACTERS = 255
/** A takeover moves the expiry of the record, but not that of its steps' chunks: they last for a month of retries. */
const STEPS_OUTLIVE_BY_MS = 30 * 24 * 60 * 60 * 1000

/** `Attempt.step` of one run. */
export function createStep(scene: Scene, hold: Hold): Attempt['step'] {
  const { store, timing, intent } = scene
  const taken = new Set<string>()
  let inlineBytes = [...hold.record.steps.values()].reduce((sum, result) => sum + inlineSizeBytes(result), 0)

  /** What each step of this run gave, by name: its work is not done again because saving it failed. */
  const given = new Map<string, EncodedResult>()

  const save = async (name: string, encoded: EncodedResult): Promise<void> => {
    const expiresAtMs = hold.record.expiresAtMs + STEPS_OUTLIVE_BY_MS
    const room = { name: `step:${name}`, inlineBytes, expiresAtMs }
    const result = await place(scene, hold, encoded, room)
    const answer = await persist(timing.clock, timing.actUntilMs(), (limits) =>
      store.saveStep(hold.claim, name, result, limits),
    )
    if (answer.kind === 'refused') throw new LeaseLostError(intent.key)
    inlineBytes += inlineSizeBytes(result)
  }

  const resultOf = async (name: string, fn: () => unknown): Promise<Recalled> => {
    const saved = hold.record.steps.get(name)
    if (saved !== undefined) return recall(scene, saved)
    const encoded = given.get(name) ?? (await encodeResult({ value: await fn() }))
    given.set(name, encoded)
    await save(name, encoded)
    return recallable(encoded)
  }

  return async <T>(name: string, fn: () => T | Promise<T>): Promise<Jsonify<T>> => {
    if (typeof name !== 'string' || name === '' || name.length > MAX_NAME_CHARACTERS) {
      throw new TypeError(
        `step: expected a name of 1 to ${MAX_NAME_CHARACTERS} characters, got ${JSON.stringify(name)}`,
      )
    }
    // The SDK reads the map of steps into an object, where this name would be lost and the step would run again.
    if (name === '__proto__')
      throw new TypeError('step: expected a name that an object can hold, got "__proto__"')
    if (taken.has(name))
      throw new TypeError(`step: ${JSON.stringify(name)} was already used in this run; name each step once`)
    if (!hold.isHeld)
      throw new TypeError(`step: ${JSON.stringify(name)} came after the run had ended; await every step`)
    refuseIfInDoubt(hold, 'step')
    // A run that was frozen past its lease must not begin another effect.
    if (timing.storeNowMs() >= hold.leaseUntilMs) throw new LeaseLostError(intent.key)

    taken.add(name)
    const recalled = await resultOf(name, fn).catch((error: unknown) => {
      taken.delete(name)
      throw error
    })
    if (recalled.kind === 'unavailable') throw new ResultUnavailableError(intent.key, recalled.reason)
    return parseRecalled(recalled.json) as Jsonify<T>
  }
}

function inlineSizeBytes(result: StoredResult): number {
  return result.kind === 'json' && 'bytes' in result.body ? result.body.bytes.length : 0
}
