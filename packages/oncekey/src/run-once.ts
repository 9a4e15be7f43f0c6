import type { Jsonify } from 'type-fest'
import type { Attempt } from './attempt/attempt.ts'
import { keepRenewing } from './attempt/renew.ts'
import type { Exchange } from './events/exchange.ts'
import { admit } from './guard.ts'
import { aDuration, CLAIM_RULES, checkOptions, type Rule } from './option-rules.ts'
import type { ClaimOptions } from './options.ts'
import { KeyInvalidError, KeyMissingError, ResultUnavailableError } from './protocol/errors.ts'
import { fingerprintOf, NO_FINGERPRINT } from './protocol/fingerprint.ts'
import { recordId } from './protocol/identity.ts'
import type { Store } from './protocol/store.ts'
import { resolveSettings } from './settings.ts'

/** What `runOnce` takes: which operation on what, and how long things last. */
export interface RunOnceOptions extends Omit<ClaimOptions, 'cache'> {
  /** Which operation: two operations on one order never share a record. */
  readonly name: string
  /** What names this intent within the operation, such as an order's id: 1 to 255 characters. */
  readonly key: string
  /** What the operation works on: the same key with another input is refused. JSON values only. @default not compared */
  readonly input?: unknown
  /** Renews the lease every so many milliseconds while `fn` runs, for work of unknown length. @default never */
  readonly renewEveryMs?: number
}

const MAX_KEY_CHARACTERS = 255
const isName = (value: unknown): boolean => typeof value === 'string' && value !== ''

// A cache would be made anew on each call.
const { cache: _, ...rules } = CLAIM_RULES
const RULES: Readonly<Record<keyof RunOnceOptions, Rule>> = {
  ...rules,
  name: [isName, 'a non-empty string'],
  key: [() => true, 'a string'],
  input: [() => true, 'any JSON value'],
  renewEveryMs: aDuration,
}

/**
 * Runs a function once per operation and key, on any host, and answers every repeat with its result.
 * It resolves to the JSON round trip of the result, the first time too, so that no caller sees another value.
 *
 * @throws KeyMissingError, KeyInvalidError if there is no usable key.
 * @throws InFlightError while another run holds the claim.
 * @throws KeyReusedError if the key came with another input before.
 * @throws LeaseLostError if the run lost its lease and its result was not stored.
 * @throws ResultUnavailableError if the work is done but its result is not JSON.
 * @throws OutcomeUnknownError, RecordUnreadableError, StoreUnavailableError as their names say.
 * @throws whatever `fn` throws; the claim is then free again.
 */
export async function runOnce<T>(
  table: string | Store,
  options: RunOnceOptions,
  fn: (attempt: Attempt) => T | Promise<T>,
): Promise<Jsonify<T>> {
  checkOptions('runOnce', options, RULES)
  const { guard, leaseMs } = resolveSettings('runOnce', table, options)
  const service = options.service ?? process.env.AWS_LAMBDA_FUNCTION_NAME
  if (service === undefined) {
    throw new TypeError(
      'runOnce: expected the option service outside Lambda: it keeps apart what shares a table.',
    )
  }
  const { name, renewEveryMs } = options
  if (!isName(name))
    throw new TypeError(`runOnce: expected name to be a non-empty string, got ${String(name)}.`)
  if (renewEveryMs !== undefined && renewEveryMs >= leaseMs) {
    throw new TypeError(
      `runOnce: expected renewEveryMs to be below leaseMs (${leaseMs}), got ${renewEveryMs}.`,
    )
  }
  const beganAtMs = guard.clock.nowMs()
  const exchange = createExchange(service, options)
  const term = { kind: 'duration', leaseMs } as const
  const admission = await admit(guard, { exchange, event: options.input, beganAtMs, service, term })
  if (admission.kind === 'answer') return admission.answer as Jsonify<T>

  const { guarded } = admission
  const stopRenewing =
    renewEveryMs === undefined
      ? () => undefined
      : keepRenewing(guard.clock, () => guarded.renew(), renewEveryMs, beganAtMs)
  let result: T
  try {
    result = await fn(guarded.attempt)
  } catch (error) {
    stopRenewing()
    return (await guarded.threw(error)) as Jsonify<T>
  }
  stopRenewing()
  return (await guarded.returned(result)) as Jsonify<T>
}

function createExchange(service: string, { name, key, input }: RunOnceOptions): Exchange {
  if (key === undefined || key === null)
    throw new KeyMissingError(`runOnce: ${name} was given no key; nothing was run.`)
  if (typeof key !== 'string' || key === '' || key.length > MAX_KEY_CHARACTERS) {
    const got = typeof key === 'string' ? `${(key as string).length} characters` : typeof key
    throw new KeyInvalidError(
      `runOnce: expected a key of 1 to ${MAX_KEY_CHARACTERS} characters, got ${got}; nothing was run.`,
    )
  }
  return {
    intent: {
      id: recordId({ kind: 'run', service, name, principal: '', key }),
      key,
      fingerprint: input === undefined ? NO_FINGERPRINT : fingerprintOf(input),
    },
    longestWaitMs: Number.POSITIVE_INFINITY,
    keep: (value) => ({ value }),
    keepError: () => undefined,
    answer: (value) => jsonRoundTrip(key, value),
    replay: (value) => value,
    refuse: (error) => {
      throw error
    },
  }
}

function jsonRoundTrip(key: string, value: unknown): unknown {
  let json: string | undefined
  try {
    json = JSON.stringify(value)
  } catch (error) {
    throw new ResultUnavailableError(key, `it is not JSON (${String(error)})`)
  }
  return json === undefined ? undefined : JSON.parse(json)
}
