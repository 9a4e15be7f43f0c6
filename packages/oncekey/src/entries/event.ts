import type { Attempt } from '../core/attempt.ts'
import { isPowertoolsLogger } from '../core/log.ts'
import { report } from '../core/outcome.ts'
import { protect } from '../core/protect.ts'
import type { ProtectedRequest, Settings } from '../core/request.ts'
import { checkOptions, EVENT_RULES, type IdempotencyOptions } from '../options.ts'
import { createEventSource } from '../sources/event.ts'
import { lastUseMs } from '../sources/key-age.ts'
import { isDurable, newInvocation } from './context.ts'
import { resolveSettings } from './settings.ts'
import { pendingWarmUp, startWarmUp } from './warm-up.ts'

/** Protects one invocation. `run` gets no attempt if the event needs no protection. */
export type ProtectEvent = (
  event: unknown,
  context: unknown,
  run: (attempt: Attempt | undefined) => unknown,
) => Promise<unknown>

/**
 * Creates what protects every invocation of one Lambda function, with Middy or without.
 * @throws TypeError at once, if the table or an option is invalid.
 */
export function createProtectEvent(
  where: string,
  table: unknown,
  options: IdempotencyOptions = {},
): ProtectEvent {
  checkOptions(where, options, EVENT_RULES)
  const settings = withKeyAge(
    { ...resolveSettings(where, table, options), onReplay: options.onReplay },
    options.maxKeyAgeMs,
  )
  const identify = createEventSource(options)

  startWarmUp(table, options)

  return async (event, context, run) => {
    const warming = pendingWarmUp()
    if (warming !== undefined) await warming
    if (isExecutionInput(event)) {
      throw new TypeError(
        `${where}: expected to protect the handler inside withDurableExecution, got the input of withDurableExecution itself. Write withDurableExecution(idempotentHandler(fn, table)): outside it, the answer of a suspended execution would be stored as its result.`,
      )
    }
    const invocation = newInvocation(event, context, settings, options.service)
    const identifying = identify(invocation)
    const identified = identifying instanceof Promise ? await identifying : identifying
    switch (identified.kind) {
      case 'request':
        return protectIn(
          context,
          settings,
          identified.request,
          options.leaseMs,
          withLoggerKeys(settings.logger, identified.request.id, run),
        )
      case 'unprotected':
        report(settings, invocation, identified.outcome)
        return run(undefined)
      case 'refused': {
        const { error } = identified
        report(settings, invocation, error.code === 'key-missing' ? 'missing' : 'invalid', { error })
        return identified.refuse()
      }
    }
  }
}

/** Returns whether AWS's SDK for durable executions has not read the event yet. */
function isExecutionInput(event: unknown): boolean {
  return (
    typeof event === 'object' &&
    event !== null &&
    'DurableExecutionArn' in event &&
    'CheckpointToken' in event
  )
}

/** Protects a request, in a durable execution as one that its invocations share. */
export function protectIn(
  context: unknown,
  settings: Settings,
  request: ProtectedRequest,
  leaseMs: number | undefined,
  run: (attempt: Attempt) => unknown,
): Promise<unknown> {
  if (!isDurable(context)) return protect(settings, request, run)
  return import('../features/durable.ts').then(({ inExecution }) => {
    const execution = inExecution(settings, request, context, leaseMs)
    return protect(execution.settings, execution.request, run).finally(execution.end)
  })
}

/**
 * Returns `run` with the record's id among the keys of Powertools' Logger while it lasts. Only where these keys belong to
 * one claim: Lambda runs one invocation at a time, or Powertools keeps the keys of each apart. On other hosts, and in a
 * batch, a line would show the id of another request.
 */
function withLoggerKeys<Run extends (attempt: Attempt) => unknown>(
  logger: Settings['logger'],
  id: string,
  run: Run,
): Run | ((attempt: Attempt) => Promise<unknown>) {
  if (!isPowertoolsLogger(logger) || process.env.AWS_LAMBDA_FUNCTION_NAME === undefined) return run
  return async (attempt) => {
    ignoreError(() => logger.appendKeys({ [LOGGER_KEY]: id }))
    try {
      return await run(attempt)
    } finally {
      ignoreError(() => logger.removeKeys([LOGGER_KEY]))
    }
  }
}

/** A logger that fails must not change the answer. */
function ignoreError(call: () => void): void {
  try {
    call()
  } catch {}
}

/** Named as Powertools names its own keys. */
const LOGGER_KEY = 'idempotency_id'

/** A key that is young enough to run must never find its record gone: the record is kept at least as long. */
function withKeyAge(settings: Settings, maxKeyAgeMs: number | undefined): Settings {
  if (maxKeyAgeMs === undefined) return settings
  const minRetentionMs = lastUseMs(maxKeyAgeMs)
  return { ...settings, minRetentionMs, retentionMs: Math.max(settings.retentionMs, minRetentionMs) }
}
