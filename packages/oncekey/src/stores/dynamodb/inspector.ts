import { DeleteItemCommand, type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import { RecordUnreadableError } from '../../protocol/errors.ts'
import type { CompletedRecord, IdempotencyRecord, InFlightRecord } from '../../protocol/record.ts'
import { decodeResult } from '../../protocol/result.ts'
import type { Sight, WriteAnswer } from '../../protocol/store.ts'
import { failureOf, itemIn, nameOf } from './failures.ts'
import { dynamoDbStore } from './index.ts'
import { type Item, text } from './item.ts'
import { readRecord } from './read-item.ts'
import { isAsSeen, releasingAsSeen } from './updates.ts'
import { createWire, watchReply, within } from './wire.ts'
import { refused } from './writes.ts'

/** A person waits: longer than a request would, and not for ever. */
const TIMEOUT_MS = 15_000

/** Which records to list: those of one status, of the services whose scopes are these. All if left out. */
export interface Filter {
  readonly status?: IdempotencyRecord['status']
  readonly idPrefixes?: readonly string[]
}

/** One reply of a list. `nowMs` is the store's own time. */
export interface Page {
  readonly nowMs: number
  /** How many items were looked at for it: chunks and other records among them. */
  readonly scannedCount: number
  readonly records: readonly (IdempotencyRecord | RecordUnreadableError)[]
}

/** The answer that a record holds. `json` is the text that Lambda would send. */
export type StoredAnswer =
  | { readonly kind: 'json'; readonly json: string }
  | { readonly kind: 'undefined' }
  | { readonly kind: 'unavailable'; readonly reason: string; readonly status?: number }

/**
 * What a person may do to a table of records. Nothing here claims, and every write is conditional on the record
 * that was seen. All of it throws `StoreUnavailableError`, and `RecordUnreadableError` for a record or a result that
 * cannot be read.
 */
export interface TableInspector {
  find(id: string): Promise<Sight>
  /** Reads the whole table, page by page: a cost, and a load, that grow with it. */
  list(filter?: Filter): AsyncGenerator<Page, void, void>
  answer(record: CompletedRecord): Promise<StoredAnswer>
  /**
   * Ends the lease that was seen, now: the next request runs the handler again, and what this run came to will not be
   * stored. Refused if the record is no longer as it was seen: a run that renewed its lease meanwhile is alive.
   */
  release(record: InFlightRecord): Promise<WriteAnswer>
  /** Deletes the record: the next request under its key is a first one. False if it is no longer as it was seen. */
  forget(record: IdempotencyRecord): Promise<boolean>
}

export function inspectTable(table: string, client: DynamoDBClient): TableInspector {
  const store = dynamoDbStore(table, { client })
  const wire = createWire(table, client)
  const limits = { timeoutMs: TIMEOUT_MS }

  return {
    find: (id) => store.read(id, limits),

    async release(record) {
      const { nowMs, refusal } = await within(TIMEOUT_MS, (deadline) =>
        wire.update(releasingAsSeen(record), deadline, ['ConditionalCheckFailedException']),
      )
      return refusal === undefined ? { kind: 'written' } : refused(record.id, refusal, nowMs)
    },

    async *list({ status, idPrefixes = [] } = {}) {
      const prefixes = idPrefixes.map((prefix, n) => [`:prefix${n}`, text(prefix)] as const)
      const begins = prefixes.map(([name]) => `begins_with(#id, ${name})`).join(' OR ')
      const values = { ...Object.fromEntries(prefixes), ...(status && { ':status': text(status) }) }
      const filter = {
        // Chunks have no status.
        FilterExpression: `${status ? '#status = :status' : 'attribute_exists(#status)'}${begins && ` AND (${begins})`}`,
        ExpressionAttributeNames: { '#status': 'status', ...(begins && { '#id': 'id' }) },
        ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
      }
      let next: Item | undefined
      do {
        const command = new ScanCommand({ TableName: table, ...filter, ExclusiveStartKey: next })
        const nowMs = watchReply(command)
        const abortSignal = AbortSignal.timeout(TIMEOUT_MS)
        const output = await client.send(command, { abortSignal }).catch(async (thrown: unknown) => {
          throw await failureOf(thrown, { action: 'Scan', table, client, ...limits })
        })
        const records = (output.Items ?? []).map(readAny)
        yield { nowMs: nowMs(), scannedCount: output.ScannedCount ?? 0, records }
        next = output.LastEvaluatedKey
      } while (next !== undefined)
    },

    async answer({ id, result }) {
      if (result.kind !== 'json') return result
      const decoded = await decodeResult(result, await store.load(id, result.body, limits))
      if ('damage' in decoded) throw new RecordUnreadableError(id, decoded.damage)
      return { kind: 'json', json: decoded.json }
    },

    async forget(record) {
      const input = { TableName: table, Key: { id: text(record.id) }, ...isAsSeen(record) }
      const command = new DeleteItemCommand({ ...input, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' })
      try {
        await client.send(command, { abortSignal: AbortSignal.timeout(TIMEOUT_MS) })
        return true
      } catch (thrown) {
        // Without an item, this very deletion may have been done already, and its reply lost.
        if (nameOf(thrown) === 'ConditionalCheckFailedException') return itemIn(thrown) === undefined
        throw await failureOf(thrown, { action: 'DeleteItem', table, client, ...limits })
      }
    },
  }
}

function readAny(item: Item): IdempotencyRecord | RecordUnreadableError {
  const id = item.id?.S ?? ''
  try {
    return readRecord(id, item)
  } catch (error) {
    return error instanceof RecordUnreadableError ? error : new RecordUnreadableError(id, String(error))
  }
}
