import type { AttributeValue, TransactWriteItem } from '@aws-sdk/client-dynamodb'
import { convertToAttr, type marshallOptions } from '@aws-sdk/util-dynamodb'
import type { TransactionWrite } from '../../protocol/store.ts'
import { member } from './failures.ts'
import type { Item } from './item.ts'

/** DynamoDB takes 100 in one transaction, and the completion of the record is one. */
const MAX_WRITES = 99
const MAX_BYTES = 4 * 1024 * 1024
const KINDS = ['Put', 'Update', 'Delete', 'ConditionCheck'] as const

/**
 * A handler's own writes as DynamoDB wants them, checked before anything is sent.
 *
 * @throws TypeError, RangeError if they cannot be sent.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
 */
export function marshallWrites(
  writes: readonly TransactionWrite[],
  options: marshallOptions | undefined,
): TransactWriteItem[] {
  if (writes.length > MAX_WRITES) {
    throw new RangeError(
      `commit: expected at most ${MAX_WRITES} writes, got ${writes.length}; leave out what need not happen together`,
    )
  }
  let sizeBytes = 0
  const marshallMap = (path: string, map: unknown): Item => {
    if (typeof map !== 'object' || map === null) {
      throw new TypeError(`commit: expected ${path} to be an object, got ${typeName(map)}`)
    }
    const item: Item = {}
    for (const [name, value] of Object.entries(map)) {
      // As lib-dynamodb does: at the top, what JSON would leave out is left out.
      if (value === undefined || typeof value === 'function') continue
      try {
        item[name] = convertToAttr(value, options)
      } catch (cause) {
        throw new TypeError(`commit: ${path}.${name} cannot be stored in DynamoDB; its cause says why`, {
          cause,
        })
      }
    }
    sizeBytes += sizeOfMap(item)
    return item
  }

  const items = writes.map((write, n) => marshallWrite(write, `writes[${n}]`, marshallMap))
  if (sizeBytes > MAX_BYTES) {
    throw new RangeError(
      `commit: expected writes of at most ${MAX_BYTES} bytes in sum, got ${sizeBytes}; put what is large elsewhere first`,
    )
  }
  return items
}

function marshallWrite(
  write: TransactionWrite,
  path: string,
  marshallMap: (path: string, map: unknown) => Item,
): TransactWriteItem {
  const kinds = KINDS.filter((known) => member(write, known) !== undefined)
  const [kind] = kinds
  if (kind === undefined || kinds.length > 1) {
    const got = Object.keys(Object(write)).join(', ') || typeName(write)
    throw new TypeError(`commit: expected ${path} to be one of ${KINDS.join(', ')}, got ${got}`)
  }
  const at = `${path}.${kind}`
  const operation = member(write, kind)
  if (typeof operation !== 'object' || operation === null) {
    throw new TypeError(`commit: expected ${at} to be an object, got ${typeName(operation)}`)
  }

  const textOf = (name: string): string => {
    const value = member(operation, name)
    if (typeof value === 'string') return value
    throw new TypeError(`commit: expected ${at}.${name} to be a string, got ${typeof value}`)
  }
  const mapOf = (name: string): Item => marshallMap(`${at}.${name}`, member(operation, name))
  const hasValues = member(operation, 'ExpressionAttributeValues') !== undefined
  const values = hasValues ? { ExpressionAttributeValues: mapOf('ExpressionAttributeValues') } : {}
  const shared = { ...operation, ...values, TableName: textOf('TableName') }
  switch (kind) {
    case 'Put':
      return { Put: { ...shared, Item: mapOf('Item') } }
    case 'Update':
      return { Update: { ...shared, Key: mapOf('Key'), UpdateExpression: textOf('UpdateExpression') } }
    case 'Delete':
      return { Delete: { ...shared, Key: mapOf('Key') } }
    case 'ConditionCheck':
      return {
        ConditionCheck: { ...shared, Key: mapOf('Key'), ConditionExpression: textOf('ConditionExpression') },
      }
  }
}

const typeName = (value: unknown): string => (value === null ? 'null' : typeof value)

/** As DynamoDB counts: names and values, in UTF-8. @see AWS DynamoDB developer guide, "Item sizes and formats" */
function sizeOfMap(map: Item): number {
  return Object.entries(map).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + sizeOf(value), 0)
}

function sizeOf({ S, N, B, M, L, SS, NS, BS }: AttributeValue): number {
  if (S !== undefined) return Buffer.byteLength(S)
  if (N !== undefined) return Math.ceil(N.length / 2) + 1
  if (B !== undefined) return B.length
  if (M !== undefined) return sizeOfMap(M)
  if (L !== undefined) return L.reduce((sum, value) => sum + sizeOf(value), 0)
  return [...(SS ?? []), ...(NS ?? []), ...(BS ?? [])].reduce((sum, value) => sum + value.length, 0)
}
