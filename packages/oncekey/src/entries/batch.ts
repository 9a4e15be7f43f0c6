import type { Context, DynamoDBRecord, KinesisStreamRecord, MSKRecord, SQSRecord } from 'aws-lambda'
import { printable } from '../core/error-description.ts'
import { isOncekeyError } from '../core/errors.ts'
import { ignoreRejection } from '../core/log.ts'
import { report } from '../core/outcome.ts'
import type { Hook, Invocation, ProtectedRequest, Settings } from '../core/request.ts'
import type { Store } from '../core/store.ts'
import { BATCH_RULES, type BatchOptions, checkOptions, DEFAULTS } from '../options.ts'
import type { Identified } from '../sources/identify.ts'
import {
  type BatchEvent,
  type BatchRecord,
  type BatchResponse,
  identifyRecord,
  readBatch,
} from '../sources/records.ts'
import { type IdempotentContext, isDurable, newInvocation, remainingTimeMs, withAttempt } from './context.ts'
import { protectIn } from './event.ts'
import { resolveSettings } from './settings.ts'

type AnyRecord = SQSRecord | KinesisStreamRecord | DynamoDBRecord | MSKRecord

/**
 * Makes a handler for batches of SQS, Kinesis, DynamoDB streams, MSK and self-managed Kafka, also through a pipe of
 * EventBridge: each record runs once, under a claim of its own, and the response lists the records that failed. Switch on
 * `ReportBatchItemFailures` in the event source mapping, or Lambda ignores that response.
 *
 * @param recordHandler handles one record; `context.idempotency` is the record's own attempt. Its result is not
 *   stored. If it throws, the record is reported as failed and its claim is released.
 * @param table the table's name, or a store.
 * @throws TypeError at cold start, if the table or an option is invalid.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
 */
export function idempotentBatch<TRecord extends AnyRecord, TContext = Context>(
  recordHandler: (record: TRecord, context: IdempotentContext<TContext>) => unknown,
  table: string | Store,
  options: BatchOptions<TRecord> = {},
): (event: BatchEvent<TRecord>, context: TContext) => Promise<BatchResponse<TRecord>> {
  if (typeof recordHandler !== 'function') {
    throw new TypeError(
      `idempotentBatch: expected a function that handles one record, got ${typeof recordHandler}.`,
    )
  }
  checkOptions('idempotentBatch', options, BATCH_RULES)
  const settings = resolveSettings('idempotentBatch', table, options)
  const { concurrency = DEFAULTS.concurrency, minRemainingMs = DEFAULTS.minRemainingMs } = options

  return async (event, context) => {
    const { source, records, isPartial } = readBatch<TRecord>(event)
    const batch = createBatch(settings, recordHandler, options.leaseMs)
    const durable = isDurable(context) ? await import('../features/durable.ts') : undefined

    const handle = async (item: BatchRecord<TRecord>, itsContext: TContext): Promise<boolean> => {
      try {
        const invocation = newInvocation(item.record, itsContext, settings, options.service)
        const identified = identifyRecord(source, item, invocation, options)
        return await batch.run(identified, invocation, item.record, itsContext)
      } catch (error) {
        if (durable?.endsInvocation(error)) throw error
        reportError(error, item, options.onRecordError, itsContext)
        return false
      }
    }

    const grouped = new Map<BatchRecord<TRecord>, string | undefined>()
    for (const item of records) {
      try {
        grouped.set(item, groupOf(item, options.group, context))
      } catch (error) {
        reportError(error, item, options.onRecordError, context)
      }
    }
    const handleInTime = async (item: BatchRecord<TRecord>): Promise<boolean> => {
      const remainingMs = remainingTimeMs(context) ?? Number.POSITIVE_INFINITY
      return remainingMs < minRemainingMs ? false : handle(item, context)
    }
    // In an execution, each record is a branch with steps of its own. They begin in the same order each time it resumes.
    let branches = 0
    const done = isDurable(context)
      ? await runGroups(grouped, 1, (item) => {
          branches += 1
          const name = `record ${branches}`
          // An error that has to end the invocation would end the branch for good: the branch stays open, and is resumed.
          const ended = Promise.withResolvers<never>()
          const branch = context.runInChildContext(name, (child) =>
            handle(item, child).catch((error: unknown) => {
              ended.reject(error)
              return new Promise<never>(() => undefined)
            }),
          )
          return Promise.race([branch, ended.promise])
        })
      : await runGroups(grouped, concurrency, handleInTime)
    const failed = records.filter((item) => !done.has(item))
    if (failed.length > 0 && !isPartial) {
      throw new Error(
        `${failed.length} of ${records.length} records failed. The whole batch has to be delivered again, as a pipe cannot be told which: those that succeeded will not run again.`,
      )
    }
    return {
      batchItemFailures: failed.map(({ identifier }) => ({ itemIdentifier: identifier })),
    } as BatchResponse<TRecord>
  }
}

interface Batch<TRecord, TContext> {
  /** Resolves to whether the record's work is done, now or before; rejects with its error if it is not. */
  run(identified: Identified, invocation: Invocation, record: TRecord, context: TContext): Promise<boolean>
}

/** Runs the records of one batch. A duplicate within the batch waits for the first, and shares its end. */
function createBatch<TRecord, TContext>(
  settings: Settings,
  recordHandler: (record: TRecord, context: IdempotentContext<TContext>) => unknown,
  leaseMs: number | undefined,
): Batch<TRecord, TContext> {
  const runs = new Map<string, Promise<boolean>>()

  return {
    async run(identified, invocation, record, context) {
      if (identified.kind === 'unprotected') {
        report(settings, invocation, identified.outcome)
        await recordHandler(record, context as IdempotentContext<TContext>)
        return true
      }
      if (identified.kind === 'refused') {
        const { error } = identified
        report(settings, invocation, error.code === 'key-missing' ? 'missing' : 'invalid', { error })
        throw error
      }
      const { request } = identified
      const first = runs.get(requestName(request))
      if (first === undefined) {
        const running = protectIn(context, settings, request, leaseMs, (attempt) =>
          recordHandler(record, withAttempt(context, attempt)),
        )
        runs.set(
          requestName(request),
          running.then(
            () => true,
            () => false,
          ),
        )
        await running
        return true
      }
      const isDone = await first
      if (isDone) report(settings, invocation, 'replayed', { key: request.key, id: request.id })
      return isDone
    },
  }
}

/** Two records of a batch with the same name are one request. */
function requestName({ id, fingerprint }: ProtectedRequest): string {
  return `${id} ${fingerprint}`
}

/** Throws if the option returns no valid group: treating that as no group would give up the order. */
function groupOf<TRecord>(
  { record, group }: BatchRecord<TRecord>,
  option: Hook<[record: TRecord, context: unknown], string | undefined> | undefined,
  context: unknown,
): string | undefined {
  if (option === undefined) return group
  const returned: unknown = ignoreRejection(option(record, context))
  if (returned === undefined || returned === null) return undefined
  if (typeof returned === 'string') return returned
  const got = returned instanceof Promise ? 'a promise' : typeof returned
  throw new TypeError(`idempotentBatch: expected group to return a string or undefined, got ${got}.`)
}

/** Passes a record's error on: the response to Lambda has no place for it. */
function reportError<TRecord>(
  error: unknown,
  { record, identifier }: BatchRecord<TRecord>,
  hook: Hook<[error: unknown, record: TRecord, context: unknown], unknown> | undefined,
  context: unknown,
): void {
  if (hook === undefined) {
    const printed = isOncekeyError(error) ? printable(error) : error
    console.error(`Record ${JSON.stringify(identifier)} failed:`, printed)
    return
  }
  try {
    ignoreRejection(hook(error, record, context))
  } catch {
    // A failing log must not change what becomes of the record.
  }
}

/**
 * Handles every item once: those of one group in their order, up to `concurrency` groups at a time; an item without a
 * group may run beside any other. A group stops at its first item that fails.
 *
 * @returns the items that were handled.
 */
async function runGroups<T>(
  items: Iterable<readonly [item: T, group: string | undefined]>,
  concurrency: number,
  handle: (item: T) => PromiseLike<boolean>,
): Promise<ReadonlySet<T>> {
  const groups = new Map<string | T, T[]>()
  for (const [item, name = item] of items) {
    const group = groups.get(name)
    if (group) group.push(item)
    else groups.set(name, [item])
  }

  const done = new Set<T>()
  // One iterator for all workers: whoever is free takes the next group.
  const waiting = groups.values()
  const work = async (): Promise<void> => {
    for (const group of waiting) {
      for (const item of group) {
        if (!(await handle(item))) break
        done.add(item)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, groups.size) }, work))
  return done
}
