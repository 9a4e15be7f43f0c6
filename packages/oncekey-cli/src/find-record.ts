import { ANONYMOUS, customPrincipal, type IdempotencyRecord, type Identity, recordId } from 'oncekey/inspect'
import type { Connection } from './connect.ts'
import { CommandError, EXIT } from './errors.ts'

export const KINDS: readonly Identity['kind'][] = ['http', 'event', 'batch', 'run']

/** The parts of a record id other than the key. */
export interface IdentityOptions {
  readonly kind: Identity['kind']
  readonly service?: string
  readonly name: string
  readonly principal?: string
}

/** Returns the record id of a key and its options. Without a service, `key` itself must be a record id. */
export function idOf(key: string, { kind, service, name, principal }: IdentityOptions): string {
  if (service !== undefined) {
    return recordId({ kind, service, name, key, principal: principalOf(kind, principal) })
  }
  if (/#[\w-]{43}$/.test(key)) return key
  const message = `${JSON.stringify(key)} is not a record id. To look up a key, pass --service (by default the function's name). Logs and \`oncekey list\` show record ids.`
  throw new CommandError(EXIT.usage, message)
}

/**
 * Returns the caller as the library names it: a JSON list whose first member is the kind of name. Anything else is a
 * value of the option `principal`, even if it is `anonymous`; without one it is the caller whom nothing identifies.
 */
function principalOf(kind: Identity['kind'], principal: string | undefined): string {
  if (principal === undefined) return kind === 'http' ? ANONYMOUS : ''
  // Only these two kinds have the option `principal`; the records of a batch belong to their stream.
  const hasOption = kind === 'http' || kind === 'event'
  return hasOption && !isList(principal) ? customPrincipal(principal) : principal
}

function isList(principal: string): boolean {
  try {
    return Array.isArray(JSON.parse(principal))
  } catch {
    return false
  }
}

/** Reads a record. `isGuessed` says that its id was computed from options, any of which may be wrong. */
export async function findRecord(
  { table, region, records }: Connection,
  id: string,
  isGuessed: boolean,
): Promise<{ readonly nowMs: number; readonly record: IdempotencyRecord }> {
  const { nowMs, record } = await records.find(id)
  if (record !== undefined) return { nowMs, record }
  const hint = isGuessed
    ? ' Check --service, --principal, --name and --kind: the id depends on all of them.'
    : ''
  const message = `No such record: table ${JSON.stringify(table)} in ${region} has no record ${id}. The key was never used, or its record expired or was deleted.${hint}`
  throw new CommandError(EXIT.noRecord, message)
}
