import { convertToAttr, type marshallOptions } from '@aws-sdk/util-dynamodb'
import type { TransactionWrite } from '../../core/store.ts'
import { member } from './failures.ts'
import type { Item } from './transport.ts'

/** DynamoDB takes 100 in one transaction, and the completion of the record is one. */
const MAX_WRITES = 99
const KINDS = ['Put', 'Update', 'Delete', 'ConditionCheck'] as const
/** The members that hold attributes, of whatever kind of write. */
const MAPS = ['Item', 'Key', 'ExpressionAttributeValues'] as const

/**
 * Returns a handler's own writes in the form of DynamoDB's low-level API. Checks only what could not be sent, or what
 * DynamoDB's own error would not explain: sizes, names and expressions are DynamoDB's to check.
 *
 * @throws TypeError, RangeError
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
 */
export function marshallWrites(
  writes: readonly TransactionWrite[],
  options: marshallOptions | undefined,
): object[] {
  if (writes.length > MAX_WRITES) {
    throw new RangeError(
      `commit: expected at most ${MAX_WRITES} writes, got ${writes.length}. Leave out what need not happen together.`,
    )
  }
  return writes.map((write, n) => {
    const kinds = KINDS.filter((known) => member(write, known) !== undefined)
    const [kind] = kinds
    if (kind === undefined || kinds.length > 1) {
      const got = Object.keys(Object(write)).join(', ') || typeName(write)
      throw new TypeError(`commit: expected writes[${n}] to be one of ${KINDS.join(', ')}, got ${got}.`)
    }
    return { [kind]: marshallWrite(member(write, kind), `writes[${n}].${kind}`, options) }
  })
}

function marshallWrite(write: unknown, path: string, options: marshallOptions | undefined): object {
  const marshalled: Record<string, unknown> = { ...expectObject(write, path) }
  for (const name of MAPS) {
    const map = marshalled[name]
    if (map !== undefined) marshalled[name] = marshallMap(map, `${path}.${name}`, options)
  }
  return marshalled
}

function marshallMap(map: unknown, path: string, options: marshallOptions | undefined): Item {
  const item: Item = {}
  for (const [name, value] of Object.entries(expectObject(map, path))) {
    // As lib-dynamodb does: at the top, what JSON would leave out is left out.
    if (value === undefined || typeof value === 'function') continue
    try {
      item[name] = convertToAttr(value, options)
    } catch (cause) {
      throw new TypeError(`commit: ${path}.${name} cannot be stored in DynamoDB; see the cause.`, { cause })
    }
  }
  return item
}

function expectObject(value: unknown, path: string): object {
  if (typeof value === 'object' && value !== null) return value
  throw new TypeError(`commit: expected ${path} to be an object, got ${typeName(value)}.`)
}

function typeName(value: unknown): string {
  return value === null ? 'null' : typeof value
}
