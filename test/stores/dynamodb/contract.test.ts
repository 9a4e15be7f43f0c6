import { randomBytes } from 'node:crypto'
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb'
import { runOnce } from 'oncekey'
import { expect, test } from 'vitest'
import { dynamoDbStore } from '../../../packages/oncekey/src/stores/dynamodb/store.ts'
import { createTable } from '../../support/tables.ts'
import { describeStoreContract } from '../contract.ts'

describeStoreContract('DynamoDB', async () => {
  const { name, client } = await createTable()
  return dynamoDbStore(name, { client })
})

// DynamoDB Local does not know ARNs in transactions, so `commit` is not part of it.
test('a table can be given by its ARN', async () => {
  const { name, client } = await createTable()
  const { Table } = await client.send(new DescribeTableCommand({ TableName: name }))
  const arn = Table?.TableArn ?? ''
  expect(arn).toContain(`:table/${name}`)
  const run = (table: string, work: Parameters<typeof runOnce>[2]) =>
    runOnce(table, { service: 'payments', name: 'export', key: 'order-1', client }, work)
  const large = randomBytes(20_000).toString('hex')
  expect(await run(arn, () => large)).toBe(large)
  expect(await run(name, () => 'ran again')).toBe(large)
})
