import { type IdempotencyRecord, stateOf } from 'oncekey/inspect'
import { confirm } from './confirm.ts'
import type { Connection } from './connect.ts'
import { CommandError, EXIT } from './exit.ts'
import { findRecord } from './find-record.ts'
import { note, print, printJson } from './print.ts'
import { stateWords } from './words.ts'

export interface ChangeOptions {
  readonly yes: boolean
  readonly json: boolean
  readonly isGuessed: boolean
}

/** Ends the lease of a run that is believed dead, before it would lapse by itself. */
export async function release(connection: Connection, id: string, options: ChangeOptions): Promise<void> {
  const { nowMs, record } = await findRecord(connection, id, options.isGuessed)
  tell(record, nowMs)
  if (record.status === 'completed') {
    const message =
      'the record is completed, so there is no lease to release; `oncekey forget` lets it run again.'
    throw new CommandError(EXIT.notDone, message)
  }
  if (record.leaseUntilMs === 0) return report(options.json, { id, released: false }, 'It is free already.')

  note('The next request with this key will run the handler again.')
  if (stateOf(record, nowMs) === 'in-flight') {
    note(
      'If the first run is still alive, both will have run, and the result of the first will not be stored.',
    )
  }
  if (record.onCrash === 'refuse')
    note('Whether the first run took effect is not known: look before you release.')
  await confirm('Release it?', options.yes)
  const answer = await connection.records.release(record)
  if (answer.kind === 'refused') {
    const held = answer.record
    // A refusal by our own write, sent again after a lost reply, is what we wanted.
    const isFree = held?.owner === record.owner && held.status === 'in-flight' && held.leaseUntilMs === 0
    if (!isFree) throw changedMeanwhile(held, answer.nowMs)
  }
  report(options.json, { id, released: true }, 'Released.')
}

/** Deletes a record as it was seen. */
export async function forget(connection: Connection, id: string, options: ChangeOptions): Promise<void> {
  const { nowMs, record } = await findRecord(connection, id, options.isGuessed)
  tell(record, nowMs)
  note('The next request with this key will run again, as if it were the first: attempts count from 1.')
  const state = stateOf(record, nowMs)
  if (state === 'completed')
    note('The work is done already, so it will be done twice; its stored answer is lost.')
  if (state === 'in-flight')
    note('A run is in flight: both may take effect, and its result will not be stored.')
  if (state === 'lapsed') note('A run was cut off: whether it took effect is not known.')
  await confirm('Forget it?', options.yes)
  if (!(await connection.records.forget(record))) {
    const now = await connection.records.find(id)
    throw changedMeanwhile(now.record, now.nowMs)
  }
  report(options.json, { id, forgotten: true }, 'Forgotten.')
}

function tell(record: IdempotencyRecord, nowMs: number): void {
  note(`${record.id}: ${stateWords(record, nowMs)}, attempt ${record.attempt}.`)
}

function report(json: boolean, value: object, words: string): void {
  if (json) printJson(value)
  else print(words)
}

function changedMeanwhile(record: IdempotencyRecord | undefined, nowMs: number): CommandError {
  const now = record ? `${stateWords(record, nowMs)}, attempt ${record.attempt}` : 'gone'
  return new CommandError(
    EXIT.notDone,
    `the record has changed since: it is ${now}. Nothing was done; look again.`,
  )
}
