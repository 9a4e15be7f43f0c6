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
import { findRecord } from './find-record.ts'
import { print, printFacts, printJson } from './print.ts'
import { instant, nextWords, size, stateWords } from './words.ts'

export interface ShowOptions {
  readonly body: boolean
  readonly json: boolean
  readonly isGuessed: boolean
}

/** Everything that the record says; of the stored answer only the outside, unless the body is asked for. */
export async function show(connection: Connection, id: string, options: ShowOptions): Promise<void> {
  const { nowMs, record } = await findRecord(connection, id, options.isGuessed)
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
  withBody: boolean,
): void {
  print(record.id)
  const facts: (readonly [string, string])[] = [
    ['state', stateWords(record, nowMs)],
    ['next request', nextWords(record, nowMs)],
    ['attempt', `${record.attempt}`],
    ['owner', record.owner],
    ['first claim', instant(record.createdAtMs, nowMs)],
  ]
  if (record.status === 'completed') facts.push(['completed', instant(record.completedAtMs, nowMs)])
  else if (record.leaseUntilMs > 0) facts.push(['lease until', instant(record.leaseUntilMs, nowMs)])
  facts.push(['expires', instant(record.expiresAtMs, nowMs)], ['fingerprint', record.fingerprint])
  facts.push(['on crash', record.onCrash])
  if (record.status === 'completed') facts.push(['answer', answerWords(record, answer)])
  else for (const [name, result] of record.steps) facts.push(['step', `${name}, ${resultWords(result)}`])
  printFacts(facts)
  if (answer?.kind !== 'json') return
  if (withBody) print(`\n${JSON.stringify(JSON.parse(answer.json), null, 2)}`)
  else print('\n  The answer itself is hidden: --body shows it.')
}

function answerWords({ result }: CompletedRecord, answer: Answer | undefined): string {
  if (answer?.kind === 'unreadable') return `cannot be read: ${answer.reason}`
  const status = statusOf(answer)
  return `${status === undefined ? '' : `status ${status}, `}${resultWords(result)}`
}

function resultWords(result: StoredResult): string {
  if (result.kind === 'undefined') return 'undefined'
  if (result.kind === 'unavailable') return `could not be kept: ${result.reason}`
  const { body, encoding, sizeBytes } = result
  const stored = 'bytes' in body ? `${size(body.bytes.length)} in the record` : `in ${body.chunks} chunks`
  return `${size(sizeBytes)} of JSON (${encoding === 'br' ? 'compressed, ' : ''}${stored})`
}

/** The HTTP status of the answer, where it is one. */
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
  withBody: boolean,
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
    const steps = [...record.steps].map(([name, result]) => ({ name, ...withoutBytes(result) }))
    return { ...facts, nowMs, steps }
  }
  const { completedAtMs, commitToken, result } = record
  const outside = { ...withoutBytes(result), httpStatus: statusOf(answer) }
  const reason = answer?.kind === 'unreadable' ? { kind: answer.kind, reason: answer.reason } : {}
  const body = withBody && answer?.kind === 'json' ? { body: JSON.parse(answer.json) as unknown } : {}
  return { ...facts, nowMs, completedAtMs, commitToken, answer: { ...outside, ...reason, ...body } }
}

function withoutBytes(result: StoredResult): object {
  if (result.kind !== 'json') return result
  const { body, ...facts } = result
  return { ...facts, storedIn: 'bytes' in body ? 'record' : 'chunks' }
}
