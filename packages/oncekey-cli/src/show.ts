import {
  type CompletedRecord,
  type IdempotencyRecord,
  RecordUnreadableError,
  type StoredAnswer,
  type StoredResult,
  stateOf,
  type TableInspector,
} from 'oncekey/inspect'
import type { Connection } from './connect.ts'
import { describeNextRequest, describeState, formatInstant, formatSize } from './describe.ts'
import { findRecord } from './find-record.ts'
import { type Part, print, printFacts, printJson } from './terminal.ts'

export interface ShowOptions {
  readonly body: boolean
  readonly json: boolean
  readonly isGuessed: boolean
}

/** Prints the record. The stored result itself is printed only with `body`. */
export async function show(connection: Connection, id: string, options: ShowOptions): Promise<void> {
  const { nowMs, record } = await findRecord(connection, id, options.isGuessed).catch((error: unknown) => {
    // As `list` prints it. The message itself goes to stderr.
    if (options.json && error instanceof RecordUnreadableError) printJson(unreadableAsJson(error))
    throw error
  })
  const answer = record.status === 'completed' ? await readAnswer(connection.records, record) : undefined
  if (options.json) printJson(asJson(record, nowMs, answer, options.body))
  else printRecord(record, nowMs, answer, options.body)
}

type Answer = StoredAnswer | { readonly kind: 'unreadable'; readonly reason: string }

async function readAnswer(records: TableInspector, record: CompletedRecord): Promise<Answer> {
  try {
    return await records.answer(record)
  } catch (error) {
    if (error instanceof RecordUnreadableError) return { kind: 'unreadable', reason: error.message }
    throw error
  }
}

function printRecord(
  record: IdempotencyRecord,
  nowMs: number,
  answer: Answer | undefined,
  showBody: boolean,
): void {
  print(record.id)
  const nextRequest =
    answer?.kind === 'unreadable' && stateOf(record, nowMs) === 'completed'
      ? 'is refused: the work is done, but its result cannot be read'
      : describeNextRequest(record, nowMs)
  const facts: (readonly [string, Part])[] = [
    ['state', describeState(record, nowMs)],
    ['next request', nextRequest],
    ['attempt', `${record.attempt}`],
    ['owner', record.owner],
    ['first claim', formatInstant(record.createdAtMs, nowMs)],
  ]
  if (record.status === 'completed') facts.push(['completed', formatInstant(record.completedAtMs, nowMs)])
  else if (record.leaseUntilMs > 0) facts.push(['lease until', formatInstant(record.leaseUntilMs, nowMs)])
  facts.push(['expires', formatInstant(record.expiresAtMs, nowMs)], ['fingerprint', record.fingerprint])
  facts.push(['on crash', record.onCrash])
  if (record.status === 'completed') facts.push(['result', describeAnswer(record, answer)])
  else for (const [name, result] of record.steps) facts.push(['step', `${name}, ${describeResult(result)}`])
  printFacts(facts)
  if (answer?.kind !== 'json') return
  print()
  const body = JSON.stringify(JSON.parse(answer.json), null, 2)
  const lines = showBody ? body.split('\n') : ['  The result itself is hidden. Pass --body to show it.']
  for (const line of lines) print(line)
}

function describeAnswer({ result }: CompletedRecord, answer: Answer | undefined): string {
  if (answer?.kind === 'unreadable') return `cannot be read: ${answer.reason}`
  const status = statusOf(answer)
  return `${status === undefined ? '' : `status ${status}, `}${describeResult(result)}`
}

function describeResult(result: StoredResult): string {
  switch (result.kind) {
    case 'undefined':
      return 'undefined'
    case 'unavailable':
      return `not stored: ${result.reason}`
    case 'json':
      return `${formatSize(Buffer.byteLength(result.json))} of JSON (in the record)`
    case 'compressed':
      return `${formatSize(result.sizeBytes)} of JSON (compressed, ${formatSize(result.bytes.length)} in the record)`
    case 'chunked': {
      const { chunks, encoding, sizeBytes } = result
      return `${formatSize(sizeBytes)} of JSON (${encoding === 'br' ? 'compressed, ' : ''}in ${chunks} chunks)`
    }
  }
}

/** Returns the HTTP status of a stored result, or `undefined` if it is not a response. */
function statusOf(answer: Answer | undefined): number | undefined {
  if (answer?.kind === 'unavailable') return answer.status
  if (answer?.kind !== 'json') return undefined
  const value: unknown = JSON.parse(answer.json)
  const isResponse = typeof value === 'object' && value !== null && 'statusCode' in value
  return isResponse ? Number(value.statusCode) : undefined
}

function asJson(
  record: IdempotencyRecord,
  nowMs: number,
  answer: Answer | undefined,
  showBody: boolean,
): object {
  const { id, status, attempt, owner, leaseUntilMs, createdAtMs, expiresAtMs, fingerprint, onCrash } = record
  const state = stateOf(record, nowMs)
  const facts = {
    id,
    state,
    status,
    attempt,
    owner,
    leaseUntilMs,
    createdAtMs,
    expiresAtMs,
    fingerprint,
    onCrash,
  }
  if (record.status === 'in-flight') {
    const steps = [...record.steps].map(([name, result]) => ({ name, ...metadataOf(result) }))
    return { ...facts, nowMs, steps }
  }
  const { completedAtMs, commitToken, result } = record
  const metadata = { ...metadataOf(result), httpStatus: statusOf(answer) }
  const reason = answer?.kind === 'unreadable' ? { kind: answer.kind, reason: answer.reason } : {}
  const body = showBody && answer?.kind === 'json' ? { body: JSON.parse(answer.json) as unknown } : {}
  return { ...facts, nowMs, completedAtMs, commitToken, answer: { ...metadata, ...reason, ...body } }
}

/** Returns what is known of a record that cannot be read. */
export function unreadableAsJson({ id, message }: RecordUnreadableError): object {
  return { id, state: 'unreadable', reason: message }
}

/** Returns how a result is stored, without the result itself. */
function metadataOf(result: StoredResult): object {
  switch (result.kind) {
    case 'json': {
      const sizeBytes = Buffer.byteLength(result.json)
      return { kind: 'json', encoding: 'identity', sizeBytes, storedIn: 'record' }
    }
    case 'compressed':
      return { kind: 'json', encoding: 'br', sizeBytes: result.sizeBytes, storedIn: 'record' }
    case 'chunked': {
      const { encoding, sizeBytes } = result
      return { kind: 'json', encoding, sizeBytes, storedIn: 'chunks' }
    }
    default:
      return result
  }
}
