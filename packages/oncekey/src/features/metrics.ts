import { codeOf, rootNameOf } from '../core/error-description.ts'
import { noticeOf } from '../core/notices.ts'
import type { Outcome, OutcomeEvent } from '../core/outcome.ts'

export interface EmfOptions {
  /** @default 'Oncekey' */
  readonly namespace?: string
  /** Further dimensions beside `service`. Each combination of values is a metric of its own, and is billed as one. */
  readonly dimensions?: Readonly<Record<string, string>>
  /** Adds the record's id to each line (not as a dimension): a digest, never the key. @default false */
  readonly withId?: boolean
  /** Writes a line, without its line end. @default to standard output */
  readonly write?: (line: string) => void
}

/**
 * An `onOutcome` that writes CloudWatch metrics as one line of log in the Embedded Metric Format: 1 under the name
 * of the outcome, 1 as `takeover` where a run claimed a lapsed lease, 1 as `errors` where somebody has to look (what is
 * logged by default, too), and `durationMs`. A line with an error also has its `errorCode` and its `errorCause`, such
 * as `AccessDeniedException`; they are no dimensions, so that they cost nothing, and CloudWatch Logs Insights counts them.
 *
 * Nothing is sent: CloudWatch reads the line from the function's log. It holds no key and no message.
 *
 * @throws TypeError for a namespace or a dimension that CloudWatch would drop, or a name that a metric has.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function emfMetrics({
  namespace = 'Oncekey',
  dimensions = {},
  withId = false,
  write = writeLine,
}: EmfOptions = {}): (event: OutcomeEvent) => void {
  checkNames(namespace, dimensions)
  return (event) => {
    const { service, outcome, attempt, isTakeover, durationMs, id, error } = event
    const targets = { ...(service ? { service } : {}), ...dimensions }
    const values = {
      [outcome]: 1,
      ...(isTakeover && { takeover: 1 }),
      ...(noticeOf(outcome, event) && { errors: 1 }),
      durationMs,
    }
    const facts = {
      outcome,
      attempt,
      ...(error !== undefined && { errorCode: codeOf(error), errorCause: rootNameOf(error) }),
      ...(withId && { id }),
    }
    const directive = {
      Namespace: namespace,
      Dimensions: [Object.keys(targets)],
      Metrics: Object.keys(values).map((Name) => ({
        Name,
        Unit: Name === 'durationMs' ? 'Milliseconds' : 'Count',
      })),
    }
    const _aws = { Timestamp: Date.now(), CloudWatchMetrics: [directive] }
    write(JSON.stringify({ _aws, ...targets, ...values, ...facts }))
  }
}

/** Not `console`: with Lambda's JSON log format it wraps the line, and CloudWatch no longer finds the metrics. */
function writeLine(line: string): void {
  process.stdout.write(`${line}\n`)
}

const OUTCOMES: { readonly [outcome in Outcome]: true } = {
  executed: true,
  replayed: true,
  'in-flight': true,
  mismatch: true,
  missing: true,
  invalid: true,
  superseded: true,
  released: true,
  'completion-failed': true,
  'replay-unavailable': true,
  'outcome-unknown': true,
  unreadable: true,
  'store-unavailable': true,
  skipped: true,
}

/** The members of a line besides its dimensions: each outcome is one, too. */
const taken: ReadonlySet<string> = new Set([
  ...Object.keys(OUTCOMES),
  '_aws',
  'outcome',
  'attempt',
  'id',
  'takeover',
  'errors',
  'errorCode',
  'errorCause',
  'durationMs',
])
const MAX_DIMENSIONS = 30

function checkNames(namespace: string, dimensions: Readonly<Record<string, string>>): void {
  const expect = (holds: boolean, what: string, got: unknown): void => {
    if (!holds) throw new TypeError(`emfMetrics: expected ${what}, got ${JSON.stringify(got)}.`)
  }
  expect(
    /^[\w.#:/-]{1,255}$/.test(namespace),
    'namespace to be 1 to 255 of A-Z a-z 0-9 . - _ / # :',
    namespace,
  )
  const entries = Object.entries(dimensions)
  expect(entries.length < MAX_DIMENSIONS, `at most ${MAX_DIMENSIONS - 1} dimensions`, entries.length)
  for (const [name, value] of entries) {
    expect(/^(?!:)[!-~]{1,250}$/.test(name), 'a dimension name of 1 to 250 printable characters', name)
    expect(!taken.has(name), 'a dimension name that is not one of the line itself', name)
    const isText = typeof value === 'string' && value.trim() !== '' && value.length <= 1024
    expect(isText, `dimension ${name} to be a text of 1 to 1024 characters`, value)
  }
}
