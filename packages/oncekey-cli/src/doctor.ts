import { styleText } from 'node:util'
import { checkClock } from './check-clock.ts'
import { checkPermissions } from './check-permissions.ts'
import { checkTable } from './check-table.ts'
import type { Connection } from './connect.ts'
import { CommandError, EXIT } from './exit.ts'
import type { Finding } from './finding.ts'
import { print, printJson, progress } from './print.ts'

const MARKS = {
  ok: styleText('green', 'ok     '),
  warning: styleText('yellow', 'warning'),
  problem: styleText('red', 'problem'),
} as const

/** Looks at all that a table and these credentials need, and writes nothing. */
export async function doctor(connection: Connection, json: boolean): Promise<void> {
  const { table, region, client } = connection
  const findings: Finding[] = []
  const found = (finding: Finding): void => {
    findings.push(finding)
    progress('')
    if (!json) print(`${MARKS[finding.level]}  ${finding.check}: ${finding.message}`)
  }

  progress('looking at the table')
  const { isThere, ...seen } = await checkTable(client, table, found)
  if (isThere) {
    progress('trying what these credentials may do')
    await checkPermissions(client, table, found)
  }
  checkClock(seen.exchange, found)

  const problems = findings.filter(({ level }) => level === 'problem').length
  if (json) printJson({ table, region, healthy: problems === 0, findings })
  if (problems > 0) {
    const words = problems === 1 ? 'one problem' : `${problems} problems`
    throw new CommandError(EXIT.failed, `${words} with table ${JSON.stringify(table)} in ${region}.`)
  }
}
