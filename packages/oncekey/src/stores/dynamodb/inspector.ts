import { DeleteItemCommand, type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import { RecordUnreadableError } from '../../core/errors.ts'
import type { CompletedRecord, IdempotencyRecord, InFlightRecord, Snapshot } from '../../core/record.ts'
import { decompress, joinChunks, type LoadedResult } from '../../core/result.ts'
import type { WriteReply } from '../../core/store.ts'
import { createCommands } from './commands.ts'
import { ifUnchanged, releaseAsSeen } from './expressions.ts'
import { failureOf, member, nameOf, type Request } from './failures.ts'
import { readRecord, readSnapshot } from './item.ts'
import { createSdkTransport, regionOf, watchReply } from './sdk.ts'
import { dynamoDbStore } from './store.ts'
import type { Item } from './transport.ts'

/** A person waits: longer than a request would, and not forever. */
const TIMEOUT_MS = 15_000

/** Which records to list: those of one status, and of the services with these scopes. All if left out. */
export interface Filter {
  readonly status?: IdempotencyRecord['status']
  readonly idPrefixes?: readonly string[]
}

/** One reply of a list. `nowMs` is the store's own time. */
export interface Page {
  readonly nowMs: number
  /** The number of items that were read for it: chunks and other records among them. */
  readonly scannedCount: number
  readonly records: readonly (IdempotencyRecord | RecordUnreadableError)[]
}

/**
 * The operations of a person on a table of records. None of them claims, and every write is conditional on the record
 * that was seen. Every method throws `StoreUnavailableError`, and `RecordUnreadableError` for a record or a result that
 * cannot be read.
 */
export interface TableInspector {
  find(id: string): Promise<Snapshot>
  /** Reads the whole table, page by page: a cost, and a load, that grow with it. */
  list(filter?: Filter): AsyncGenerator<Page, void, void>
  /** Returns the result that a record holds; `json` is the text that Lambda would send. */
  answer(record: CompletedRecord): Promise<LoadedResult>
  /**
   * Ends the lease that was seen, now: the next request runs the handler again, and the result of this run will not be
   * stored. Refused if the record has changed since: a run that renewed its lease meanwhile is alive.
   */
  release(record: InFlightRecord): Promise<WriteReply>
  /** Deletes the record, so that the next request under its key is a first one. Returns false if it has changed. */
  forget(record: IdempotencyRecord): Promise<boolean>
}

export function inspectTable(table: string, client: DynamoDBClient): TableInspector {
  const store = dynamoDbStore(table, { client })
  const commands = createCommands(table, createSdkTransport(client), () => regionOf(client))
  const limits = { timeoutMs: TIMEOUT_MS }
  const failure = async (thrown: unknown, action: Request['action']): Promise<Error> =>
    failureOf(thrown, { action, table, ...limits, region: await regionOf(client) })

  return {
    find: (id) => store.read(id, limits),

    async release(record) {
      const expectedErrors = ['ConditionalCheckFailedException']
      const { nowMs, error } = await commands.update(releaseAsSeen(record), limits, expectedErrors)
      return error ? { kind: 'refused', ...readSnapshot(record.id, nowMs, error.item) } : { kind: 'written' }
    },

    async *list({ status, idPrefixes = [] } = {}) {
      const prefixes = idPrefixes.map((prefix, n) => [`:prefix${n}`, { S: prefix }] as const)
      const begins = prefixes.map(([name]) => `begins_with(#id, ${name})`).join(' OR ')
      const values = { ...Object.fromEntries(prefixes), ...(status && { ':status': { S: status } }) }
      const filter = {
        // Chunks have no status.
        FilterExpression: `${status ? '#status = :status' : 'attribute_exists(#status)'}${begins && ` AND (${begins})`}`,
        ExpressionAttributeNames: { '#status': 'status', ...(begins && { '#id': 'id' }) },
        ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
      }
      let next: Item | undefined
      do {
        const command = new ScanCommand({ TableName: table, ...filter, ExclusiveStartKey: next })
        const reply = watchReply(command)
        const abortSignal = AbortSignal.timeout(TIMEOUT_MS)
        const output = await client.send(command, { abortSignal }).catch(async (thrown: unknown) => {
          throw await failure(thrown, 'Scan')
        })
        const records = (output.Items ?? []).map(readAny)
        yield { nowMs: reply.nowMs(), scannedCount: output.ScannedCount ?? 0, records }
        next = output.LastEvaluatedKey
      } while (next !== undefined)
    },

    async answer({ id, result }) {
      if (result.kind !== 'compressed' && result.kind !== 'chunked') return result
      const loaded =
        result.kind === 'compressed'
          ? await decompress(result.bytes, result.sizeBytes)
          : await joinChunks(result, await store.load(id, result, limits))
      if ('damage' in loaded) throw new RecordUnreadableError(id, loaded.damage)
      return { kind: 'json', json: loaded.json }
    },

    async forget(record) {
      const input = { TableName: table, Key: { id: { S: record.id } }, ...ifUnchanged(record) }
      try {
        await client.send(new DeleteItemCommand(input), { abortSignal: AbortSignal.timeout(TIMEOUT_MS) })
        return true
      } catch (thrown) {
        // Without an item, this very deletion may have been done already, and its reply lost.
        if (nameOf(thrown) === 'ConditionalCheckFailedException') return member(thrown, 'Item') === undefined
        throw await failure(thrown, 'DeleteItem')
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
