import { describeError, isName, memberOf, rootNameOf } from './error-description.ts'
import type { Notice } from './notices.ts'
import type { OutcomeEvent } from './outcome.ts'
import { type Quotas, takeQuota } from './rate-limit.ts'

/** Takes a message and its fields. Powertools' Logger, pino and console are loggers too. */
export interface Logger {
  warn(message: string, fields: LogFields): unknown
  error(message: string, fields: LogFields): unknown
}

/** The fields of a line beside its message: JSON that shows neither a key nor contents. */
export type LogFields = Readonly<Record<string, unknown>>

/** Logs an outcome that somebody has to look at; by default to standard error. Never throws. */
export function logOutcome(logger: Logger | false | undefined, notice: Notice, event: OutcomeEvent): void {
  const { outcome, service, id, attempt, context, error } = event
  const requestId = memberOf(context, 'awsRequestId')
  write(logger, notice, `${service} ${outcome}`, error, {
    outcome,
    service,
    recordId: id,
    attempt,
    requestId: isName(requestId) ? requestId : undefined,
  })
}

/** Logs that a function of the user's threw or rejected, which changed nothing. Never throws. */
export function logHookError(logger: Logger | false | undefined, hook: string, error: unknown): void {
  const notice: Notice = {
    level: 'warn',
    message: `The function ${hook} threw an error, which was ignored.`,
    hint: 'Its message is not logged, because it may contain contents. Catch the error inside the function.',
    burst: 1,
  }
  write(logger, notice, hook, error)
}

const quotasByLogger = new WeakMap<Logger, Quotas>()

function write(
  target: Logger | false | undefined,
  { level, message, hint, burst }: Notice,
  subject: string,
  error: unknown,
  facts?: LogFields,
): void {
  if (target === false) return
  try {
    const logger = target ?? standardError()
    const quotas: Quotas = quotasByLogger.get(logger) ?? new Map()
    quotasByLogger.set(logger, quotas)
    const suppressed = takeQuota(quotas, `${subject} ${rootNameOf(error)}`, performance.now(), burst)
    if (suppressed === undefined) return
    const fields = {
      ...facts,
      error: error === undefined ? undefined : describeError(error),
      hint,
      ...(suppressed > 0 && { suppressed }),
    }
    const written: unknown = call(logger, level, message, fields)
    ignoreRejection(written)
  } catch {
    // The answer is decided, and neither a logger that fails nor an odd error may change it.
  }
}

/** Calls the logger in its own way. */
function call(logger: Logger, level: Notice['level'], message: string, fields: LogFields): unknown {
  // pino takes the fields first, and ignores any that follow the message.
  if ('bindings' in logger) return Reflect.apply(logger[level], logger, [fields, message])
  if (!isPowertoolsLogger(logger)) return logger[level](message, fields)
  // Powertools' Logger has a service of its own, and prints a warning for another one.
  const { service: _, ...others } = fields
  return logger[level](message, others)
}

/** Powertools' Logger, as far as its keys are concerned. */
export interface PowertoolsLogger extends Logger {
  appendKeys(keys: Record<string, unknown>): void
  removeKeys(names: string[]): void
}

export function isPowertoolsLogger(logger: unknown): logger is PowertoolsLogger {
  return typeof logger === 'object' && logger !== null && 'appendKeys' in logger && 'removeKeys' in logger
}

/**
 * Returns a user function's result that nobody awaits. If it is a promise that rejects, the unhandled rejection would
 * end the process, in the worst case between the effect and its completion.
 */
export function ignoreRejection<T>(result: T): T {
  // Only native promises end the process; calling `then` of another thenable may start its work.
  if (result instanceof Promise || process.getBuiltinModule('node:util').types.isPromise(result)) {
    result.catch(() => undefined)
  }
  return result
}

let ownLogger: Logger | undefined

/**
 * Returns a logger that writes each line as JSON to standard error. The global console does not do: Lambda puts a
 * prefix before its lines, or wraps them in JSON. Lambda filters by `level` if there is a `timestamp`.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
 */
function standardError(): Logger {
  if (ownLogger !== undefined) return ownLogger
  // A console ignores a broken pipe, which would otherwise end the process.
  const { Console } = process.getBuiltinModule('node:console')
  const stderr = new Console(process.stderr)
  const print = (level: string, message: string, fields: LogFields): void =>
    stderr.log(JSON.stringify({ timestamp: new Date().toISOString(), level, message, ...fields }))
  ownLogger = {
    warn: (message, fields) => print('WARN', message, fields),
    error: (message, fields) => print('ERROR', message, fields),
  }
  return ownLogger
}
