import type { Context, DynamoDBRecord, KinesisStreamRecord, MSKRecord, SQSRecord } from 'aws-lambda'
import { BATCH_RULES, type BatchOptions } from './batch-options.ts'
import { type IdempotentContext, withAttempt } from './context.ts'
import type { BatchEvent, BatchResponse } from './events/batch/event-types.ts'
import { intentName, readRecord } from './events/batch/read-record.ts'
import { type BatchRecord, type BatchSource, readBatch } from './events/batch/sources.ts'
import type { Exchange, Reading } from './events/exchange.ts'
import { DURABLE_NOTE, isDurable } from './events/single/durable.ts'
import { functionName } from './function-name.ts'
import { admit } from './guard.ts'
import { takeInLanes } from './lanes.ts'
import { checkOptions } from './option-rules.ts'
import { type Outcome, type OutcomeEvent, tellOutcome } from './outcome.ts'
import { membersOf } from './protocol/members.ts'
import type { Store } from './protocol/store.ts'
import { unawaited } from './protocol/unawaited.ts'
import { leaseTerm, resolveSettings } from './settings.ts'

type AnyRecord = SQSRecord | KinesisStreamRecord | DynamoDBRecord | MSKRecord

const DEFAULT_CONCURRENCY = 8
const DEFAULT_MIN_REMAINING_MS = 1_000

/**
 * A handler for batches of SQS, Kinesis, DynamoDB streams, MSK and self-managed Kafka: each record is run once, under
 * a claim of its own, and the answer says which were not done. Switch on `ReportBatchItemFailures` in the event source
 * mapping, or Lambda will not read that answer.
 *
 * @param recordHandler handles one record; `context.idempotency` is the record's own attempt. What it returns is not
 *   kept; if it throws, the record is reported as failed and its claim is free again.
 * @param table the table's name, or a store.
 * @throws TypeError at cold start, if the table or an option makes no sense.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
 */
export function idempotentBatch<TRecord extends AnyRecord>(
  recordHandler: (record: TRecord, context: IdempotentContext) => unknown,
  table: string | Store,
  options: BatchOptions<TRecord> = {},
): (event: BatchEvent<TRecord>, context: Context) => Promise<BatchResponse<TRecord>> {
  if (typeof recordHandler !== 'function') {
    throw new TypeError(
      `idempotentBatch: expected a function that handles one record, got ${typeof recordHandler}.`,
    )
  }
  checkOptions('idempotentBatch', options, BATCH_RULES)
  const { guard, leaseMs } = resolveSettings('idempotentBatch', table, options)
  const { concurrency = DEFAULT_CONCURRENCY, minRemainingMs = DEFAULT_MIN_REMAINING_MS } = options

  return async (event, context) => {
    if (isDurable(context)) throw new TypeError(`idempotentBatch: ${DURABLE_NOTE}`)
    if (isEmptyBatch(event)) return { batchItemFailures: [] }
    const { source, records } = expectBatch<TRecord>(event)
    const service = options.service ?? functionName(context)
    /** Every intent of this batch that was begun, and whether it got done: a duplicate shares that. */
    const begun = new Map<string, Promise<boolean>>()

    const tell = (beganAtMs: number, outcome: Outcome, facts: Partial<OutcomeEvent> = {}): void => {
      const durationMs = guard.clock.nowMs() - beganAtMs
      tellOutcome({ outcome, service, durationMs, ...facts }, options.onOutcome)
    }

    /** Resolves if the work is done, now or before; rejects if it is not, for whatever reason. */
    const runProtected = async (exchange: Exchange, record: TRecord, beganAtMs: number): Promise<void> => {
      const term = leaseTerm(context, guard.clock.nowMs(), leaseMs)
      const admission = await admit(guard, { exchange, event: record, beganAtMs, service, term })
      if (admission.kind === 'answer') return
      const { guarded } = admission
      let result: unknown
      try {
        result = await recordHandler(record, withAttempt(context, guarded.attempt))
      } catch (error) {
        await guarded.threw(error)
        return
      }
      await guarded.returned(result)
    }

    const runReading = async (reading: Reading, record: TRecord, beganAtMs: number): Promise<boolean> => {
      switch (reading.kind) {
        case 'unprotected':
          tell(beganAtMs, reading.outcome)
          await recordHandler(record, context as IdempotentContext)
          return true
        case 'refused':
          tell(beganAtMs, reading.error.code === 'key-missing' ? 'missing' : 'invalid', {
            error: reading.error,
          })
          throw reading.error
        case 'exchange': {
          const { exchange } = reading
          const name = intentName(exchange)
          const first = begun.get(name)
          if (first === undefined) {
            const run = runProtected(exchange, record, beganAtMs)
            begun.set(
              name,
              run.then(
                () => true,
                () => false,
              ),
            )
            await run
            return true
          }
          const isDone = await first
          if (isDone) tell(beganAtMs, 'replayed', { key: exchange.intent.key, id: exchange.intent.id })
          return isDone
        }
      }
    }

    const take = async (item: BatchRecord<TRecord>): Promise<boolean> => {
      if (remainingMs(context) < minRemainingMs) return false
      try {
        const beganAtMs = guard.clock.nowMs()
        return await runReading(readRecord(source, item, { ...options, service }), item.record, beganAtMs)
      } catch (error) {
        tellError(error, item, options.onRecordError)
        return false
      }
    }

    const grouped = new Map<BatchRecord<TRecord>, string | undefined>()
    for (const item of records) {
      try {
        grouped.set(item, groupOf(item, options.group))
      } catch (error) {
        tellError(error, item, options.onRecordError)
      }
    }
    const done = await takeInLanes(grouped, concurrency, take)
    const failed = records.filter((item) => !done.has(item))
    return {
      batchItemFailures: failed.map(({ identifier }) => ({ itemIdentifier: identifier })),
    } as BatchResponse<TRecord>
  }
}

/** Whether this is a batch of nothing: it does not say of which source, and nothing needs to know. */
function isEmptyBatch(event: unknown): boolean {
  const { Records } = membersOf(event)
  return Array.isArray(Records) && Records.length === 0
}

function expectBatch<TRecord>(event: unknown): {
  readonly source: BatchSource
  readonly records: readonly BatchRecord<TRecord>[]
} {
  const batch = readBatch<TRecord>(event)
  if (batch !== undefined) return batch
  throw new TypeError(
    'idempotentBatch: expected a batch of SQS, Kinesis, DynamoDB streams or Kafka, got another event. Protect a single event with idempotent or idempotentHandler.',
  )
}

/** @throws TypeError if the option gives no name of a group: to take that for none would give up the order. */
function groupOf<TRecord>(
  { record, group }: BatchRecord<TRecord>,
  option: BatchOptions<TRecord>['group'],
): string | undefined {
  if (option === undefined) return group
  const given: unknown = unawaited(option(record))
  if (given === undefined || given === null) return undefined
  if (typeof given === 'string') return given
  const got = given instanceof Promise ? 'a promise' : typeof given
  throw new TypeError(`idempotentBatch: expected group to give a string or undefined, got ${got}.`)
}

/** Outside Lambda there is no deadline, and so always time. */
function remainingMs(context: unknown): number {
  const term = leaseTerm(context, 0, Number.POSITIVE_INFINITY)
  return term.kind === 'deadline' ? term.deadlineMs : term.leaseMs
}

/** A record's error ends here, or it would end nowhere: the answer to Lambda has no room for it. */
function tellError<TRecord>(
  error: unknown,
  { record, identifier }: BatchRecord<TRecord>,
  hook: BatchOptions<TRecord>['onRecordError'],
): void {
  if (hook === undefined) {
    console.error(`Record ${JSON.stringify(identifier)} failed:`, error)
    return
  }
  try {
    unawaited(hook(error, record))
  } catch {
    // What becomes of the record is decided; a log must not change it.
  }
}
