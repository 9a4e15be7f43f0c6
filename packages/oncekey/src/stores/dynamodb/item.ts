import type { IdempotencyRecord, Snapshot } from '../../core/record.ts'
import { type Attributes, decodeRecord, type Plain } from '../codec.ts'
import type { AttributeValue, Item } from './transport.ts'

export function toItem(attributes: Attributes): Item {
  const item: Item = {}
  for (const [name, value] of Object.entries(attributes)) item[name] = toAttributeValue(value)
  return item
}

export function toAttributeValue(value: Plain): AttributeValue {
  switch (typeof value) {
    case 'string':
      return { S: value }
    case 'number':
      return { N: `${value}` }
    case 'boolean':
      return { BOOL: value }
    default:
      return value instanceof Uint8Array ? { B: value } : { M: toItem(value) }
  }
}

/** Returns the record that an item holds. @throws RecordUnreadableError */
export function readRecord(id: string, item: object): IdempotencyRecord {
  return decodeRecord(id, fromItem(item))
}

/** Returns what a reply shows of a record: `item` is whatever came with it. @throws RecordUnreadableError */
export function readSnapshot(id: string, nowMs: number, item: unknown): Snapshot {
  return { nowMs, record: isObject(item) ? readRecord(id, item) : undefined }
}

function fromItem(item: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, fromAttributeValue(value)]))
}

/** Returns the plain value, or null for what no record holds: nulls, lists and sets. */
function fromAttributeValue(value: unknown): unknown {
  if (!isObject(value)) return null
  if ('S' in value) return value.S
  if ('N' in value) return Number(value.N)
  if ('B' in value) return value.B
  if ('BOOL' in value) return value.BOOL
  return 'M' in value && isObject(value.M) ? fromItem(value.M) : null
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
