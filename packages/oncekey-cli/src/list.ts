import { styleText } from 'node:util'
import {
  type Filter,
  type IdempotencyRecord,
  RecordUnreadableError,
  recordId,
  stateOf,
} from 'oncekey/inspect'
import type { Connection } from './connect.ts'
import { describeState, formatDuration } from './describe.ts'
import { endProgress, note, print, printJson, progress } from './terminal.ts'

export interface ListOptions {
  readonly inFlight: boolean
  readonly service?: string
  readonly json: boolean
}

/** Prints each record on a line as soon as it is read. */
export async function list({ records }: Connection, options: ListOptions): Promise<void> {
  let found = 0
  let scanned = 0
  for await (const page of records.list(filterOf(options))) {
    scanned += page.scannedCount
    endProgress()
    for (const entry of page.records) {
      found += 1
      if (options.json) printJson(asJson(entry, page.nowMs))
      else print(lineOf(entry, page.nowMs))
    }
    progress(`${scanned} items scanned, ${found} records found`)
  }
  endProgress()
  const kind = `${options.inFlight ? 'uncompleted ' : ''}${found === 1 ? 'record' : 'records'}`
  if (!options.json) note(`Found ${found} ${kind} in ${scanned} items.`)
}

function filterOf({ inFlight, service }: ListOptions): Filter {
  return {
    ...(inFlight ? { status: 'in-flight' } : {}),
    ...(service === undefined ? {} : { idPrefixes: prefixesOf(service) }),
  }
}

/** Returns the prefixes of a service's record ids, with and without a name after the service. */
function prefixesOf(service: string): readonly string[] {
  const id = recordId({ kind: 'run', service, name: '', principal: '', key: '' })
  const scope = id.slice(0, id.lastIndexOf('#'))
  return [`${scope}#`, `${scope}/`]
}

function lineOf(entry: IdempotencyRecord | RecordUnreadableError, nowMs: number): string {
  if (entry instanceof RecordUnreadableError) return `${entry.id}  ${styleText('red', entry.message)}`
  const age = `first claimed ${formatDuration(nowMs - entry.createdAtMs)} ago`
  return `${entry.id}  ${describeState(entry, nowMs)}  ${styleText('dim', `attempt ${entry.attempt}, ${age}`)}`
}

function asJson(entry: IdempotencyRecord | RecordUnreadableError, nowMs: number): object {
  if (entry instanceof RecordUnreadableError)
    return { id: entry.id, state: 'unreadable', reason: entry.message }
  const { id, status, attempt, owner, leaseUntilMs, createdAtMs, expiresAtMs } = entry
  return {
    id,
    state: stateOf(entry, nowMs),
    status,
    attempt,
    owner,
    leaseUntilMs,
    createdAtMs,
    expiresAtMs,
    nowMs,
  }
}
