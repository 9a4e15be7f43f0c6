import {
  DeleteItemCommand,
  type DeleteItemCommandInput,
  type DynamoDBClient,
  ScanCommand,
  type ScanCommandOutput,
} from '@aws-sdk/client-dynamodb'
import { RecordUnreadableError } from '../../core/errors.ts'
import type { CompletedRecord, IdempotencyRecord, InFlightRecord, Snapshot } from '../../core/record.ts'
import { decompress, joinChunks, type LoadedResult } from '../../core/result.ts'
import type { WriteReply } from '../../core/store.ts'
import { createCommands } from './commands.ts'
import { type Condition, ifUnchanged, releaseAsSeen } from './expressions.ts'
import { failureOf, member, nameOf, type Request } from './failures.ts'
import { readRecord, readSnapshot } from './item.ts'
import { createSdkTransport, regionOf, watchReply } from './sdk.ts'
import { dynamoDbStore } from './store.ts'
import { type ScannedPage, type Sweep, type SweepOptions, sweep } from './sweeper.ts'
import type { Item } from './transport.ts'

/** A person waits: longer than a request would, and not forever. */
const TIMEOUT_MS = 15_000

/** Somebody else has written the item, or is writing it. */
const CHANGED: ReadonlySet<string> = new Set([
  'ConditionalCheckFailedException',
  'ReplicatedWriteConflictException',
  'TransactionConflictException',
])

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
  /**
   * Finds expired records, and chunks of results that no record refers to, and deletes them if told to. Reads the whole
   * table. Yields its counts after each page.
   */
  sweep(options: SweepOptions): AsyncGenerator<Sweep, void, void>
}

export function inspectTable(table: string, client: DynamoDBClient): TableInspector {
  const store = dynamoDbStore(table, { client })
  const commands = createCommands(table, createSdkTransport(client), () => regionOf(client))
  const limits = { timeoutMs: TIMEOUT_MS }
  const failure = async (thrown: unknown, action: Request['action']): Promise<Error> =>
    failureOf(thrown, { action, table, ...limits, region: await regionOf(client) })

  async function* scan(input: object): AsyncGenerator<ScannedPage, void, void> {
    let next: ScanCommandOutput['LastEvaluatedKey']
    do {
      const command = new ScanCommand({
        ...input,
        TableName: table,
        ExclusiveStartKey: next,
        ReturnConsumedCapacity: 'TOTAL',
      })
      const reply = watchReply(command)
      const abortSignal = AbortSignal.timeout(TIMEOUT_MS)
      const output = await client.send(command, { abortSignal }).catch(async (thrown: unknown) => {
        throw await failure(thrown, 'Scan')
      })
      yield {
        nowMs: reply.nowMs(),
        scannedCount: output.ScannedCount ?? 0,
        items: output.Items ?? [],
        units: output.ConsumedCapacity?.CapacityUnits ?? 0,
      }
      next = output.LastEvaluatedKey
    } while (next !== undefined)
  }

  const remove = async (id: string, condition: Condition): Promise<{ isRemoved: boolean; units: number }> => {
    const input = {
      ...condition,
      TableName: table,
      Key: { id: { S: id } },
      ReturnConsumedCapacity: 'TOTAL',
    } as const
    try {
      const command = deletion(input)
      const { ConsumedCapacity } = await client.send(command, {
        abortSignal: AbortSignal.timeout(TIMEOUT_MS),
      })
      return { isRemoved: true, units: ConsumedCapacity?.CapacityUnits ?? 1 }
    } catch (thrown) {
      if (!CHANGED.has(nameOf(thrown))) throw await failure(thrown, 'DeleteItem')
      // Without an item, this very deletion may have been done already, and its reply lost.
      const isGone =
        nameOf(thrown) === 'ConditionalCheckFailedException' && member(thrown, 'Item') === undefined
      return { isRemoved: isGone, units: 1 }
    }
  }

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
      for await (const { nowMs, scannedCount, items } of scan(filter)) {
        yield { nowMs, scannedCount, records: items.map(readAny) }
      }
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

    forget: async (record) => (await remove(record.id, ifUnchanged(record))).isRemoved,

    sweep: (options) => sweep({ scan, remove, find: (id) => store.read(id, limits) }, options),
  }
}

/** A method's type, so that the input may be of the store's own types. */
const deletion: { create(input: object): DeleteItemCommand }['create'] = (input: DeleteItemCommandInput) =>
  new DeleteItemCommand(input)

function readAny(item: Item): IdempotencyRecord | RecordUnreadableError {
  const id = item.id?.S ?? ''
  try {
    return readRecord(id, item)
  } catch (error) {
    return error instanceof RecordUnreadableError ? error : new RecordUnreadableError(id, String(error))
  }
}
