import type { Store } from '../../protocol/store.ts'
import type { DynamoDbClient } from './client.ts'
import { text } from './item.ts'
import { readRecord } from './read-item.ts'
import { createWire, within } from './wire.ts'
import { createWrites } from './writes.ts'

export interface DynamoDbStoreOptions {
  /**
   * A `DynamoDBClient` or `DynamoDBDocumentClient`. Give it short time-outs: a request that hangs uses up the time in
   * which another could succeed.
   *
   * @default one of the store's own, shared by the process: three tries, connected within 1 s and answered within 2 s
   */
  readonly client?: DynamoDbClient
}

/**
 * How much of a result a record carries itself. DynamoDB bills every later write of the record, refused ones
 * included, by the size of the whole item: the cost table is in docs/decisions/041-inline-limit.md.
 */
const INLINE_LIMIT_BYTES = 3_072

/**
 * A store in a DynamoDB table with partition key `id` (S), no sort key, and TTL on `expiresAt`.
 *
 * @throws TypeError if `table` is not a name, as when an environment variable is not set.
 */
export function dynamoDbStore(table: string, { client }: DynamoDbStoreOptions = {}): Store {
  if (typeof table !== 'string' || table === '') {
    throw new TypeError(`dynamoDbStore: expected the name of a table, got ${JSON.stringify(table)}`)
  }
  const wire = createWire(table, client)
  return {
    ...createWrites(wire),
    // Only those whose results are large load what it takes.
    async spill(claim, bytes, room, makeCall) {
      if (bytes.length + room.inlineBytes <= INLINE_LIMIT_BYTES) return { bytes }
      const { createChunks } = await import('./chunks.ts')
      return createChunks(wire).spill(claim, bytes, room, makeCall)
    },
    async load(id, body, limits) {
      if ('bytes' in body) return body.bytes
      const { createChunks } = await import('./chunks.ts')
      return createChunks(wire).load(id, body, limits)
    },
    async commit(...asked) {
      // Only those who commit load what it takes.
      const { createCommit } = await import('./commit.ts')
      return createCommit(wire, client?.config.translateConfig?.marshallOptions)(...asked)
    },
    async read(id, { timeoutMs }) {
      const { nowMs, output } = await within(timeoutMs, (deadline) =>
        wire.get({ Key: { id: text(id) }, ConsistentRead: true }, deadline),
      )
      return { nowMs, record: output?.Item && readRecord(id, output.Item) }
    },
  }
}
