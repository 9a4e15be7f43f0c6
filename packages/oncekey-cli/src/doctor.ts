import { checkClock } from './check-clock.ts'
import { checkPermissions } from './check-permissions.ts'
import { checkTable } from './check-table.ts'
import type { Connection } from './connect.ts'
import { CommandError, EXIT } from './errors.ts'
import { print, printJson, progress } from './terminal.ts'

/** The result of one check. A `warning` has a cost; a `problem` makes requests fail or can let a key run twice. */
export interface Finding {
  readonly check: string
  readonly level: 'ok' | 'warning' | 'problem'
  readonly message: string
}

const LABELS = {
  ok: { style: 'green', text: 'ok     ' },
  warning: { style: 'yellow', text: 'warning' },
  problem: { style: 'red', text: 'problem' },
} as const

/**
 * Checks the table, the permissions of these credentials, and the clock. Writes nothing.
 *
 * @throws CommandError if there is a problem.
 */
export async function doctor(connection: Connection, json: boolean): Promise<void> {
  const { table, region, client } = connection
  const findings: Finding[] = []
  const found = (finding: Finding): void => {
    findings.push(finding)
    progress('')
    if (!json) print(LABELS[finding.level], `  ${finding.check}: ${finding.message}`)
  }

  progress('checking the table')
  const { exists, replyTimes } = await checkTable(client, table, found)
  if (exists) {
    progress('checking the permissions')
    await checkPermissions(client, table, found)
  }
  checkClock(replyTimes, found)

  const problems = findings.filter(({ level }) => level === 'problem').length
  if (json) printJson({ table, region, healthy: problems === 0, findings })
  if (problems > 0) {
    const count = problems === 1 ? 'one problem' : `${problems} problems`
    throw new CommandError(EXIT.failed, `Found ${count} with table ${JSON.stringify(table)} in ${region}.`)
  }
}
