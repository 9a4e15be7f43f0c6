import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, GetCommand, paginateScan } from '@aws-sdk/lib-dynamodb'
import type { TransactionWrite } from 'oncekey'
import type { Payment, PaymentReferences } from './payment.ts'
import { readSetting } from './settings.ts'

const TableName = readSetting('LEDGER_TABLE')
const WALLETS_TABLE = readSetting('WALLETS_TABLE')
const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}))

/** Returns the writes of a payment: its row in the ledger, and the customer's wallet, which it tops up. */
export function bookPayment(payment: Payment, references: PaymentReferences): TransactionWrite[] {
  const { customer, currency, amount } = payment
  return [
    {
      Put: {
        TableName,
        Item: { ...payment, ...references },
        // A retry that comes after its record has expired must not book the payment again.
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

/** Returns whether a transaction failed because the ledger already has the payment. */
export function isAlreadyBooked(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== 'TransactionCanceledException') return false
  const reasons: unknown = 'CancellationReasons' in error ? error.CancellationReasons : undefined
  return Array.isArray(reasons) && reasons[0]?.Code === 'ConditionalCheckFailed'
}

export async function findPayment(id: string): Promise<Payment | undefined> {
  const { Item } = await documents.send(new GetCommand({ TableName, Key: { id }, ConsistentRead: true }))
  return Item && readRow(Item)
}

/** Returns every payment, the oldest first. It scans the table, which is fine for the small ledger of a demo. */
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
