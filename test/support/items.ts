import { type AttributeValue, PutItemCommand, paginateScan } from '@aws-sdk/client-dynamodb'
import type { TestTable } from './tables.ts'

type Item = Record<string, AttributeValue>

/** Everything in the table, as DynamoDB keeps it. */
export async function itemsOf({ client, name }: TestTable): Promise<Item[]> {
  const items: Item[] = []
  for await (const page of paginateScan({ client }, { TableName: name, ConsistentRead: true })) {
    items.push(...(page.Items ?? []))
  }
  return items
}

/** Changes the table's first item behind everybody's back; `undefined` removes an attribute. */
export async function editItem(
  table: TestTable,
  changes: Readonly<Record<string, AttributeValue | undefined>>,
): Promise<void> {
  const [item] = await itemsOf(table)
  const edited = Object.entries({ ...item, ...changes }).filter(
    (entry): entry is [string, AttributeValue] => entry[1] !== undefined,
  )
  await table.client.send(new PutItemCommand({ TableName: table.name, Item: Object.fromEntries(edited) }))
}

/** What a crash leaves behind: a claim whose lease has lapsed. */
export function crashed(
  leaseUntilMs: number = Date.now() - 5_000,
): Record<string, AttributeValue | undefined> {
  return {
    status: { S: 'in-flight' },
    leaseUntilMs: { N: String(leaseUntilMs) },
    result: undefined,
    completedAtMs: undefined,
  }
}
