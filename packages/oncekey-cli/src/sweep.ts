import { DescribeTableCommand } from '@aws-sdk/client-dynamodb'
import type { Sweep } from 'oncekey/inspect'
import type { Connection } from './connect.ts'
import { canAsk, confirm, endProgress, note, print, printJson, progress } from './terminal.ts'

export interface SweepCommandOptions {
  readonly yes: boolean
  readonly json: boolean
  readonly maxUnits: number
}

/**
 * Deletes what DynamoDB's TTL cannot: expired records of a table without TTL, and chunks of results that no record
 * refers to. Only reports them unless `yes` is passed or the question is answered with yes.
 */
export async function sweep(connection: Connection, options: SweepCommandOptions): Promise<void> {
  const { yes, json } = options
  const found = await run(connection, yes, options.maxUnits)
  if (yes) return report(found, true, json)

  report(found, false, json)
  if (found.expiredRecords + found.orphanedChunks === 0) return
  if (json || !canAsk()) return note('Nothing was deleted. Pass --yes to delete them.')
  await confirm('Delete them?', false)
  // The table is read again: what has changed since is judged anew.
  report(await run(connection, true, options.maxUnits), true, json)
}

async function run(
  { table, client, records }: Connection,
  deletes: boolean,
  maxUnits: number,
): Promise<Sweep> {
  // DynamoDB updates the number every six hours: good enough for a bar, and not everybody may read it.
  const total = await client.send(new DescribeTableCommand({ TableName: table })).then(
    ({ Table }) => Table?.ItemCount ?? 0,
    () => 0,
  )
  let counts: Sweep = { scanned: 0, expiredRecords: 0, orphanedChunks: 0, changed: 0 }
  try {
    for await (counts of records.sweep({ deletes, unitsPerSecond: maxUnits })) {
      progress(`${barOf(counts.scanned, total)}${describe(counts)} ${deletes ? 'deleted' : 'found'}`)
    }
  } catch (error) {
    endProgress()
    if (deletes) note(`Stopped after ${describe(counts)} deleted.`)
    throw error
  }
  endProgress()
  return counts
}

const BAR_WIDTH = 20

function barOf(done: number, total: number): string {
  if (total === 0) return ''
  const part = Math.min(1, done / total)
  const filled = Math.round(part * BAR_WIDTH)
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}] ${Math.floor(part * 100)} %  `
}

function describe({ scanned, expiredRecords, orphanedChunks }: Sweep): string {
  const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`
  return `${count(scanned, 'item')} scanned, ${count(expiredRecords, 'expired record')} and ${count(orphanedChunks, 'orphaned chunk')}`
}

function report(counts: Sweep, deleted: boolean, json: boolean): void {
  if (json) printJson({ ...counts, deleted })
  else print(`${describe(counts)} ${deleted ? 'deleted' : 'found'}.`)
  if (counts.changed > 0) note(`${counts.changed} have changed since they were read, and were left alone.`)
}
