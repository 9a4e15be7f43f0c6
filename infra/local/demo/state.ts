import { randomUUID } from 'node:crypto'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DeleteCommand, DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb'
import { ANONYMOUS, inspectTable, RecordUnreadableError, recordId, stateOf } from 'oncekey/inspect'
import type { DemoRecord, DemoState } from '../../page/demo-state.ts'
import { SERVICE } from '../../payments/settings.ts'
import type { PaymentProvider } from '../payment-provider.ts'
import { CRASH_TIMEOUT_MS } from './faults.ts'

export interface StateSources {
  readonly client: DynamoDBClient
  readonly environment: Readonly<Record<string, string>>
  readonly provider: PaymentProvider
  readonly seenKeys: SeenKeys
  /** The contents of the tables and of the provider. They get another id when they are emptied. */
  readonly contents: { id: string }
  readonly timeoutMs: number
}

/** By how much a lease outlasts the deadline of its run. */
const LEASE_MARGIN_MS = 2_000

/** Reads all tables completely, which is fine for the small tables of a demo. */
export async function readState(sources: StateSources): Promise<DemoState> {
  const { client, contents, environment, provider, seenKeys, timeoutMs } = sources
  const [payments, balances, records] = await Promise.all([
    scan(client, environment.LEDGER_TABLE),
    scan(client, environment.WALLETS_TABLE),
    readRecords(client, environment.IDEMPOTENCY_TABLE, seenKeys),
  ])
  return {
    nowMs: Date.now(),
    contentsId: contents.id,
    leaseMs: timeoutMs + LEASE_MARGIN_MS,
    crashLeaseMs: CRASH_TIMEOUT_MS + LEASE_MARGIN_MS,
    payments: payments
      .map((row) => ({
        id: String(row.id),
        customer: String(row.customer),
        amount: Number(row.amount),
        currency: String(row.currency),
        createdAt: String(row.createdAt),
      }))
      .sort((one, other) => other.createdAt.localeCompare(one.createdAt)),
    balances: balances
      .map((row) => ({
        customer: String(row.customer),
        currency: String(row.currency),
        balance: Number(row.balance),
      }))
      .sort((one, other) => one.customer.localeCompare(other.customer)),
    charges: provider.charges.map(({ id, order }) => {
      const { customer, amount } = Object(order)
      return { id, customer: String(customer), amount: Number(amount) }
    }),
    records: records.sort((one, other) => other.createdAtMs - one.createdAtMs),
  }
}

/** Deletes all items of the tables and all charges of the payment provider. */
export async function clearState({ client, contents, environment, provider }: StateSources): Promise<void> {
  contents.id = randomUUID()
  const keysOf: readonly (readonly [table: string | undefined, attributes: readonly string[]])[] = [
    [environment.IDEMPOTENCY_TABLE, ['id']],
    [environment.LEDGER_TABLE, ['id']],
    [environment.WALLETS_TABLE, ['customer', 'currency']],
  ]
  const documents = DynamoDBDocumentClient.from(client)
  for (const [TableName, attributes] of keysOf) {
    for (const item of await scan(client, TableName)) {
      const Key = Object.fromEntries(attributes.map((name) => [name, item[name]]))
      await documents.send(new DeleteCommand({ TableName, Key }))
    }
  }
  provider.reset()
}

async function readRecords(
  client: DynamoDBClient,
  table: string | undefined,
  seenKeys: SeenKeys,
): Promise<DemoRecord[]> {
  const found: DemoRecord[] = []
  for await (const { nowMs, records } of inspectTable(table ?? '', client).list()) {
    for (const record of records) {
      if (record instanceof RecordUnreadableError) continue
      const { id, attempt, leaseUntilMs, expiresAtMs, createdAtMs } = record
      const seen = seenKeys.find(id)
      found.push({
        id,
        ...(seen && { seen }),
        state: stateOf(record, nowMs),
        attempt,
        leaseUntilMs,
        expiresAtMs,
        createdAtMs,
      })
    }
  }
  return found
}

async function scan(client: DynamoDBClient, TableName: string | undefined) {
  const items: Record<string, unknown>[] = []
  const pages = paginateScan(
    { client: DynamoDBDocumentClient.from(client) },
    { TableName, ConsistentRead: true },
  )
  for await (const { Items = [] } of pages) items.push(...Items)
  return items
}

/** The issuer of the demo's JWT claims. */
export const ISSUER = 'https://users.example'

export interface SeenKey {
  readonly key: string
  readonly user?: string
}

/** Maps record ids to keys and users: a record holds only a digest of them. */
export interface SeenKeys {
  remember(seen: SeenKey): void
  find(recordId: string): SeenKey | undefined
}

/** @param maxKeys the number of keys to remember; the oldest are forgotten. */
export function createSeenKeys(maxKeys = 500): SeenKeys {
  const byId = new Map<string, SeenKey>()
  return {
    remember(seen) {
      byId.set(seenRecordId(seen), seen)
      const [oldest] = byId.keys()
      if (byId.size > maxKeys && oldest !== undefined) byId.delete(oldest)
    },
    find: (id) => byId.get(id),
  }
}

/** Returns the id of the record that a request with this key and user claims. */
export function seenRecordId({ key, user }: SeenKey): string {
  const principal = user === undefined ? ANONYMOUS : JSON.stringify(['jwt', ISSUER, user])
  return recordId({ kind: 'http', service: SERVICE, name: '', principal, key })
}
