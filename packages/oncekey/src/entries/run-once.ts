import type { Attempt } from '../core/attempt.ts'
import { KeyInvalidError, KeyMissingError, ResultUnavailableError } from '../core/errors.ts'
import { fingerprintOf, NO_FINGERPRINT } from '../core/fingerprint.ts'
import { recordId } from '../core/identity.ts'
import { protect } from '../core/protect.ts'
import type { ProtectedRequest, Responder, Settings } from '../core/request.ts'
import type { Jsonify } from '../core/result.ts'
import type { Store } from '../core/store.ts'
import { checkOptions, RUN_ONCE_RULES, type RunOnceOptions } from '../options.ts'
import { valueResponder } from '../sources/request.ts'
import { resolveSettings } from './settings.ts'

const MAX_KEY_CHARACTERS = 255

/**
 * Runs a function once per operation and key, on any host, and answers every repeat with its result.
 * It resolves to the JSON round trip of the result, the first time too, so that every caller sees the same value.
 *
 * @throws KeyMissingError, KeyInvalidError if there is no usable key.
 * @throws InFlightError while another run holds the claim.
 * @throws KeyReusedError if the key was used with another input before.
 * @throws LeaseLostError if the run lost its lease and its result was not stored.
 * @throws ResultUnavailableError if the work is done but its result is not JSON.
 * @throws OutcomeUnknownError, RecordUnreadableError, StoreUnavailableError as their names say.
 * @throws whatever `fn` throws; the claim is then released.
 */
export async function runOnce<T>(
  table: string | Store,
  options: RunOnceOptions,
  fn: (attempt: Attempt) => T | Promise<T>,
): Promise<Jsonify<T>> {
  const { settings, service } = settingsOf(table, options)
  return (await protect(settings, newRequest(settings, service, options), fn)) as Jsonify<T>
}

interface Resolved {
  readonly options: RunOnceOptions
  readonly settings: Settings
  readonly service: string
}

const resolvedByTable = new Map<unknown, Resolved>()
/** Options of one call, beside those that usually are the same on each. */
const CALL_OPTIONS: ReadonlySet<string> = new Set(['name', 'key', 'input'])

/** Checks and resolves the options, unless they are those of the table's previous call but for name, key and input. */
function settingsOf(table: string | Store, options: RunOnceOptions): Resolved {
  const earlier = resolvedByTable.get(table)
  if (earlier !== undefined && isSameButForCall(options, earlier.options)) return earlier

  checkOptions('runOnce', options, RUN_ONCE_RULES)
  const settings = resolveSettings('runOnce', table, options)
  const service = options.service ?? process.env.AWS_LAMBDA_FUNCTION_NAME
  if (service === undefined) {
    throw new TypeError(
      'runOnce: expected the option service outside Lambda, got none. It separates the functions that share a table.',
    )
  }
  const resolved = { options: { ...options }, settings, service }
  resolvedByTable.set(table, resolved)
  return resolved
}

function isSameButForCall(options: object, earlier: object): boolean {
  const names = Object.keys(options)
  return (
    names.length === Object.keys(earlier).length &&
    names.every((name) => CALL_OPTIONS.has(name) || Reflect.get(options, name) === Reflect.get(earlier, name))
  )
}

function newRequest(
  { clock }: Settings,
  service: string,
  { name, key, input }: RunOnceOptions,
): ProtectedRequest<string> {
  if (typeof name !== 'string' || name === '')
    throw new TypeError(`runOnce: expected name to be a non-empty string, got ${String(name)}.`)
  checkKey(name, key)
  const startedAtMs = clock.nowMs()
  return {
    invocation: {
      event: input,
      context: undefined,
      service,
      startedAtMs,
      deadlineMs: undefined,
      isDeadlineEnforced: false,
    },
    id: recordId({ kind: 'run', service, name, principal: '', key }),
    key,
    fingerprint: input === undefined ? NO_FINGERPRINT : fingerprintOf(input),
    maxWaitMs: Number.POSITIVE_INFINITY,
    responder,
    source: key,
  }
}

/** Checks a key, whose type promises a string, of a caller that may not be checked. */
function checkKey(name: string, key: unknown): void {
  if (key === undefined || key === null)
    throw new KeyMissingError(`runOnce: expected a key for ${name}, got ${String(key)}. Nothing was run.`)
  if (typeof key !== 'string' || key === '' || key.length > MAX_KEY_CHARACTERS) {
    const got = typeof key === 'string' ? `${key.length} characters` : typeof key
    throw new KeyInvalidError(
      `runOnce: expected a key of 1 to ${MAX_KEY_CHARACTERS} characters, got ${got}. Nothing was run.`,
    )
  }
}

const responder: Responder<string> = {
  ...valueResponder,
  respond(value, key) {
    let json: string | undefined
    try {
      json = JSON.stringify(value)
    } catch (error) {
      throw new ResultUnavailableError(
        key,
        `it is not JSON (${error instanceof Error ? error.name : 'thrown'})`,
      )
    }
    return json === undefined ? undefined : JSON.parse(json)
  },
}
