import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, GetCommand, paginateScan } from '@aws-sdk/lib-dynamodb'
import type { TransactionWrite } from 'oncekey'
import type { Payment, Proof } from './payment.ts'
import { setting } from './setting.ts'

const TableName = setting('LEDGER_TABLE')
const WALLETS_TABLE = setting('WALLETS_TABLE')
const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}))

/** The writes that a payment consists of: its row in the ledger, and the move of the customer's wallet. */
export function bookPayment(payment: Payment, proof: Proof): TransactionWrite[] {
  const { customer, currency, amount } = payment
  return [
    {
      Put: {
        TableName,
        Item: { ...payment, ...proof },
        // A retry so late that its record has expired must not book the same payment again.
        ConditionExpression: 'attribute_not_exists(id)',
      },
    },
    {
      Update: {
        TableName: WALLETS_TABLE,
        Key: { customer, currency },
        UpdateExpression: 'ADD balance :amount',
        ExpressionAttributeValues: { ':amount': amount },
      },
    },
  ]
}

/** Whether a transaction failed because the ledger has the payment already. */
export function isBookedAlready(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== 'TransactionCanceledException') return false
  const reasons: unknown = 'CancellationReasons' in error ? error.CancellationReasons : undefined
  return Array.isArray(reasons) && reasons[0]?.Code === 'ConditionalCheckFailed'
}

export async function findPayment(id: string): Promise<Payment | undefined> {
  const { Item } = await documents.send(new GetCommand({ TableName, Key: { id }, ConsistentRead: true }))
  return Item && readRow(Item)
}

/** Every payment, the oldest first. A scan: fit for a demo, whose ledger is small. */
export async function listLedger(): Promise<Payment[]> {
  const payments: Payment[] = []
  for await (const { Items = [] } of paginateScan(
    { client: documents },
    { TableName, ConsistentRead: true },
  )) {
    payments.push(...Items.map(readRow))
  }
  return payments.sort((one, other) => one.createdAt.localeCompare(other.createdAt))
}

function readRow({ id, amount, currency, customer, createdAt }: Record<string, unknown>): Payment {
  return {
    id: String(id),
    amount: Number(amount),
    currency: String(currency),
    customer: String(customer),
    createdAt: String(createdAt),
  }
}
