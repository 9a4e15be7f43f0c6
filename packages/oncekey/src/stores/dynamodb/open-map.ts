import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { RecordUnreadableError } from '../../protocol/errors.ts'
import type { Item } from './item.ts'

/** A map of attributes, read one by one. Each method throws `RecordUnreadableError` if the attribute is not as asked. */
export interface OpenMap {
  has(name: string): boolean
  text(name: string, pattern?: RegExp): string
  oneOf<const T extends string>(name: string, values: readonly T[]): T
  integer(name: string, least?: number, most?: number): number
  bytes(name: string): Uint8Array
  map(name: string): Item
  /** Gives back what was made of the attributes, if all of them were asked for. */
  end<T>(read: T): T
}

/** @param path of the map within the item; empty for the item itself. */
export function openMap(id: string, map: Item | undefined, path = ''): OpenMap {
  const fail = (name: string, expected: string): never => {
    const attribute = JSON.stringify([path, name].filter((part) => part !== '').join('.'))
    throw new RecordUnreadableError(id, `expected attribute ${attribute} to be ${expected}`)
  }
  if (map === undefined) return fail('', 'a map')
  const unread = new Set(Object.keys(map))
  const take = (name: string): AttributeValue | undefined => {
    unread.delete(name)
    return map[name]
  }
  return {
    has: (name) => Object.hasOwn(map, name),
    text(name, pattern = /./s) {
      const value = take(name)?.S
      return value !== undefined && pattern.test(value) ? value : fail(name, `a string like ${pattern}`)
    },
    oneOf(name, values) {
      const value = take(name)?.S
      return values.find((known) => known === value) ?? fail(name, values.join(' or '))
    },
    integer(name, least = 0, most = Number.MAX_SAFE_INTEGER) {
      const digits = String(take(name)?.N)
      const value = Number(digits)
      const isIt = /^\d+$/.test(digits) && value >= least && value <= most
      return isIt ? value : fail(name, `an integer from ${least} to ${most}`)
    },
    bytes: (name) => take(name)?.B ?? fail(name, 'bytes'),
    map: (name) => take(name)?.M ?? fail(name, 'a map'),
    end(read) {
      for (const name of unread) fail(name, 'absent')
      return read
    },
  }
}
