import { ANONYMOUS, customPrincipal, type IdempotencyRecord, type Identity, recordId } from 'oncekey/inspect'
import type { Connection } from './connect.ts'
import { CommandError, EXIT } from './exit.ts'

export const KINDS: readonly Identity['kind'][] = ['http', 'event', 'batch', 'run']

/** What, besides the key, a record's id is made of. */
export interface IdentityOptions {
  readonly kind: Identity['kind']
  readonly service?: string
  readonly name: string
  readonly principal?: string
}

/** The id that the options name: of a key within a service, or, without a service, the text itself. */
export function idOf(key: string, { kind, service, name, principal }: IdentityOptions): string {
  if (service !== undefined) {
    return recordId({ kind, service, name, key, principal: principalOf(kind, principal) })
  }
  if (/#[\w-]{43}$/.test(key)) return key
  const message = `${JSON.stringify(key)} is a key, and keys belong to a service: give --service (by default a function's own name). Or give a record's id, as logs and \`oncekey list\` show it.`
  throw new CommandError(EXIT.usage, message)
}

/** As the library names callers: by a JSON list whose first member says what kind of name it is. */
function principalOf(kind: Identity['kind'], principal: string | undefined): string {
  const unnamed = kind === 'http' ? ANONYMOUS : ''
  if (principal === undefined || principal === unnamed) return unnamed
  // The option `principal` is for these two; a batch's records belong to the stream that they came through.
  const isNamedByService = (kind === 'http' || kind === 'event') && !principal.startsWith('[')
  return isNamedByService ? customPrincipal(principal) : principal
}

export async function findRecord(
  { table, region, records }: Connection,
  id: string,
  isGuessed: boolean,
): Promise<{ readonly nowMs: number; readonly record: IdempotencyRecord }> {
  const { nowMs, record } = await records.find(id)
  if (record !== undefined) return { nowMs, record }
  const hint = isGuessed
    ? ' Keys of two callers never meet: check --service, --principal, --name and --kind.'
    : ''
  const message = `no such key: table ${JSON.stringify(table)} in ${region} holds no record ${id}. It never came, has expired, or was forgotten.${hint}`
  throw new CommandError(EXIT.noRecord, message)
}
