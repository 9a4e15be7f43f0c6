import {
  type Filter,
  type IdempotencyRecord,
  RecordUnreadableError,
  recordId,
  stateOf,
} from 'oncekey/inspect'
import type { Connection } from './connect.ts'
import { describeState, formatDuration } from './describe.ts'
import { unreadableAsJson } from './show.ts'
import { endProgress, note, type Part, print, progress, type Styled } from './terminal.ts'

/** What records can be sorted by. Unreadable records come last, as they have none of it but the id. */
export const SORT_KEYS = ['id', 'state', 'attempt', 'claimed', 'expires'] as const

export interface ListOptions {
  readonly inFlight: boolean
  readonly service?: string
  readonly sort?: (typeof SORT_KEYS)[number]
  readonly json: boolean
}

type Entry = IdempotencyRecord | RecordUnreadableError

/** What is printed of a record, and what it is sorted by. */
interface Line {
  readonly id: string
  readonly value: number | string
  readonly parts: readonly Part[]
}

/** Prints each record on a line: as soon as it is read, or if they are to be sorted, once all have been read. */
export async function list({ records }: Connection, options: ListOptions): Promise<void> {
  const { json, sort } = options
  // Not the records themselves: the results of a large table would fill the memory.
  const unsorted: Line[] = []
  let found = 0
  let scanned = 0
  const show = ({ parts }: Line): void => {
    if (found === 0 && !json) print(HEADER)
    found += 1
    print(...parts)
  }
  for await (const { nowMs, records: page, scannedCount } of records.list(filterOf(options))) {
    scanned += scannedCount
    endProgress()
    for (const entry of page) {
      const parts = json ? [JSON.stringify(asJson(entry, nowMs))] : rowOf(entry, nowMs)
      const line = { id: entry.id, value: sortValue(entry, nowMs, sort ?? 'id'), parts }
      if (sort === undefined) show(line)
      else unsorted.push(line)
    }
    progress(`${scanned} items scanned, ${found + unsorted.length} records found`)
  }
  endProgress()
  unsorted.sort((a, b) => compare(a.value, b.value) || compare(a.id, b.id))
  for (const line of unsorted) show(line)
  const kind = `${options.inFlight ? 'uncompleted ' : ''}${found === 1 ? 'record' : 'records'}`
  if (!json) note(`Found ${found} ${kind} in ${scanned} items.`)
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

/** Returns a number or a text to sort by; numbers come first. */
function sortValue(entry: Entry, nowMs: number, sort: (typeof SORT_KEYS)[number]): number | string {
  if (sort === 'id') return entry.id
  if (entry instanceof RecordUnreadableError) return '\uffff'
  switch (sort) {
    case 'state':
      return stateOf(entry, nowMs)
    case 'attempt':
      return -entry.attempt
    case 'claimed':
      return entry.createdAtMs
    case 'expires':
      return entry.expiresAtMs
  }
}

function compare(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : Number(a > b)
  return typeof a === 'number' ? -1 : 1
}

/** The state, and the other cells. All but the id have bounded contents, so that lines align as they are read. */
function row(state: Styled, attempt: string, claimed: string, expires: string, id: string): [Styled, string] {
  const rest = `  ${attempt.padEnd(7)}  ${claimed.padEnd(10)}  ${expires.padEnd(9)}  ${id}`
  return [{ style: state.style, text: state.text.padEnd(40) }, rest]
}

const [FIRST, OTHERS] = row({ style: 'bold', text: 'STATE' }, 'ATTEMPT', 'CLAIMED', 'EXPIRES', 'ID')
const HEADER: Styled = { style: 'bold', text: FIRST.text + OTHERS }

function rowOf(entry: Entry, nowMs: number): readonly Part[] {
  if (entry instanceof RecordUnreadableError) {
    return row({ style: 'red', text: 'unreadable, see `oncekey show`' }, '', '', '', entry.id)
  }
  const leftMs = entry.expiresAtMs - nowMs
  const claimed = `${formatDuration(nowMs - entry.createdAtMs)} ago`
  const expires = leftMs > 0 ? `in ${formatDuration(leftMs)}` : ''
  return row(describeState(entry, nowMs), `${entry.attempt}`, claimed, expires, entry.id)
}

function asJson(entry: Entry, nowMs: number): object {
  if (entry instanceof RecordUnreadableError) return unreadableAsJson(entry)
  const { id, status, attempt, owner, leaseUntilMs, createdAtMs, expiresAtMs } = entry
  const state = stateOf(entry, nowMs)
  return { id, state, status, attempt, owner, leaseUntilMs, createdAtMs, expiresAtMs, nowMs }
}
