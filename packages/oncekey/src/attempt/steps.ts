import type { Jsonify } from 'type-fest'
import { LeaseLostError, ResultUnavailableError } from '../protocol/errors.ts'
import type { StoredResult } from '../protocol/result.ts'
import type { Attempt } from './attempt.ts'
import { persist } from './persist.ts'
import { place } from './place.ts'
import { parseRecalled, recall } from './recall.ts'
import { type Hold, refuseIfInDoubt, type Scene } from './scene.ts'

const MAX_NAME_CHARACTERS = 255

/** `Attempt.step` of one run. */
export function createStep(scene: Scene, hold: Hold): Attempt['step'] {
  const { store, timing, intent } = scene
  const taken = new Set<string>()
  let inlineBytes = [...hold.record.steps.values()].reduce((sum, result) => sum + inlineSizeBytes(result), 0)

  const save = async (name: string, value: unknown): Promise<StoredResult> => {
    const room = { name: `step:${name}`, inlineBytes, expiresAtMs: hold.record.expiresAtMs }
    const result = await place(scene, hold, { value }, room)
    inlineBytes += inlineSizeBytes(result)
    const answer = await persist(timing.clock, timing.actUntilMs(), (limits) =>
      store.saveStep(hold.claim, name, result, limits),
    )
    if (answer.kind === 'refused') throw new LeaseLostError(intent.key)
    return result
  }

  const resultOf = async (name: string, fn: () => unknown): Promise<unknown> => {
    const result = hold.record.steps.get(name) ?? (await save(name, await fn()))
    const recalled = await recall(scene, result)
    if (recalled.kind === 'unavailable') throw new ResultUnavailableError(intent.key, recalled.reason)
    return parseRecalled(recalled.json)
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
    try {
      return (await resultOf(name, fn)) as Jsonify<T>
    } catch (error) {
      taken.delete(name)
      throw error
    }
  }
}

function inlineSizeBytes(result: StoredResult): number {
  return result.kind === 'json' && 'bytes' in result.body ? result.body.bytes.length : 0
}
