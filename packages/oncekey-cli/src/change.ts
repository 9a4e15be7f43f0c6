import { type IdempotencyRecord, stateOf } from 'oncekey/inspect'
import type { Connection } from './connect.ts'
import { describeState, hasSteps } from './describe.ts'
import { CommandError, EXIT } from './errors.ts'
import { findRecord } from './find-record.ts'
import { confirm, note, print, printJson } from './terminal.ts'

export interface ChangeOptions {
  readonly yes: boolean
  readonly json: boolean
  readonly isGuessed: boolean
}

/** Ends the lease of a run that is believed dead, without waiting for it to lapse. */
export async function release(connection: Connection, id: string, options: ChangeOptions): Promise<void> {
  const { nowMs, record } = await findRecord(connection, id, options.isGuessed)
  noteRecord(record, nowMs)
  if (record.status === 'completed') {
    const message =
      'The record is completed, so there is no lease to release. To let the key run again, use `oncekey forget`.'
    throw new CommandError(EXIT.notDone, message)
  }
  if (record.leaseUntilMs === 0) {
    return report(options.json, { id, released: false }, 'Already released. Nothing was changed.')
  }
  if (stateOf(record, nowMs) === 'expired') {
    const text = 'The record has expired, so the next request runs anyway. Nothing was changed.'
    return report(options.json, { id, released: false }, text)
  }

  note('The next request with this key will run the handler again.')
  if (stateOf(record, nowMs) === 'in-flight') {
    note('If the current run is still alive, both runs may take effect, and its result will not be stored.')
  }
  if (record.onCrash === 'refuse')
    note('The current run may or may not have taken effect. Check before you release it.')
  await confirm('Release the lease?', options.yes)
  const answer = await connection.records.release(record)
  if (answer.kind === 'refused') {
    const current = answer.record
    // If the reply was lost, the SDK sent the write again, and the second one was refused because of the first.
    const isReleased =
      current?.owner === record.owner && current.status === 'in-flight' && current.leaseUntilMs === 0
    if (!isReleased) throw recordChanged(current, answer.nowMs)
  }
  report(options.json, { id, released: true }, 'Lease released.')
}

/** Deletes a record, if it has not changed since it was read. */
export async function forget(connection: Connection, id: string, options: ChangeOptions): Promise<void> {
  const { nowMs, record } = await findRecord(connection, id, options.isGuessed)
  noteRecord(record, nowMs)
  note('The next request with this key will run as if it were the first: attempts start again at 1.')
  const state = stateOf(record, nowMs)
  if (state === 'completed')
    note('The work is already done and will be done again. The stored result will be lost.')
  if (state === 'in-flight')
    note('A run is in progress: both runs may take effect, and its result will not be stored.')
  if (state === 'lapsed') note('A run was interrupted: it may or may not have taken effect.')
  if (hasSteps(record) && state !== 'expired') note('Its saved steps will be lost, and done again.')
  await confirm('Delete the record?', options.yes)
  if (!(await connection.records.forget(record))) {
    const current = await connection.records.find(id)
    throw recordChanged(current.record, current.nowMs)
  }
  report(options.json, { id, forgotten: true }, 'Record deleted.')
  if (hasChunks(record)) note('Its large results are items of their own. `oncekey sweep` deletes them.')
}

function hasChunks(record: IdempotencyRecord): boolean {
  const results = record.status === 'completed' ? [record.result] : [...record.steps.values()]
  return results.some(({ kind }) => kind === 'chunked')
}

function noteRecord(record: IdempotencyRecord, nowMs: number): void {
  note(`${record.id}: `, describeState(record, nowMs), `, attempt ${record.attempt}.`)
}

function report(json: boolean, value: object, text: string): void {
  if (json) printJson(value)
  else print(text)
}

function recordChanged(record: IdempotencyRecord | undefined, nowMs: number): CommandError {
  const state = record ? `${describeState(record, nowMs).text}, attempt ${record.attempt}` : 'deleted'
  return new CommandError(
    EXIT.notDone,
    `The record has changed since it was read. It is now ${state}. Nothing was changed; run the command again to see it.`,
  )
}
