import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import type { HttpAnsweringOptions } from './events/http/answering.ts'
import type { HttpReadingOptions } from './events/http/reading.ts'
import type { SingleReadingOptions } from './events/single/read-single.ts'
import type { OutcomeEvent } from './outcome.ts'
import type { CrashMode } from './protocol/record.ts'

/** What every entry takes: how long things last, and what happens when they go wrong. */
export interface ClaimOptions {
  /**
   * The service that keys belong to: two services that share a table never meet.
   * @default the Lambda function's name. Outside Lambda, `local`; but `runOnce` and `once` then ask for it
   */
  readonly service?: string
  /** How long a completed answer is kept, in milliseconds from completion. @default 24 hours */
  readonly retentionMs?: number
  /**
   * How long a claim is believed alive where no deadline is known, in milliseconds. A Lambda invocation's lease ends
   * with its own deadline, and this is not used; `runOnce` and `once` know no deadline.
   * @default 60 seconds
   */
  readonly leaseMs?: number
  /**
   * After a lapsed lease without completion: run again (at least once), or answer `outcome-unknown` until the record
   * expires (at most once). @default 'rerun'
   */
  readonly onCrash?: CrashMode
  /** While another run is in flight: say so at once, or wait up to `waitMs` for its result. @default 'reject' */
  readonly inFlight?: 'reject' | { readonly waitMs: number }
  /**
   * When the store cannot be reached to claim: answer 503 without running, or run without protection (`step` and
   * `commit` then reject). @default 'refuse'
   */
  readonly onStoreError?: 'refuse' | 'run'
  /** Keeps up to this many completed results in this process, to replay them without the store. @default none */
  readonly cache?: { readonly maxEntries: number }
  /** The client for a table given by name. @default one of its own, with short time-outs, shared by the process */
  readonly client?: DynamoDBClient | DynamoDBDocumentClient
  /** Where time comes from, epoch milliseconds: for tests. @default the system's clock */
  readonly clock?: { nowMs(): number; sleep?(durationMs: number, signal?: AbortSignal): Promise<void> }
  /** Told once for every request. What it throws is ignored. */
  readonly onOutcome?: (event: OutcomeEvent) => unknown
}

/** What `idempotent` and `idempotentHandler` take. */
export interface IdempotencyOptions
  extends ClaimOptions,
    HttpReadingOptions,
    HttpAnsweringOptions,
    Pick<SingleReadingOptions, 'archiveReplays'> {
  /** Changes a stored answer on replay only. What it returns is answered; if it throws, the stored answer is. */
  readonly onReplay?: (answer: unknown, event: unknown) => unknown
}
