import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { runOnce } from 'oncekey'

const table = process.env.IDEMPOTENCY_TABLE ?? ''
const { AWS_ENDPOINT_URL_DYNAMODB: endpoint = '' } = process.env
const client = new DynamoDBClient({ endpoint })
let runs = 0
const book = (): Promise<{ booked: boolean }> =>
  runOnce(table, { service: 'billing', name: 'book', key: 'order-1', client }, (attempt) => {
    runs += 1
    return attempt.commit({ booked: true }, [
      { Put: { TableName: table, Item: { id: 'booking', amount: 100 } } },
    ])
  })

async function main(): Promise<void> {
  const results = [await book(), await book()]
  console.log(runs, JSON.stringify(results))
}

void main()
