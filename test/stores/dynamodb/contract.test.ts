import { dynamoDbStore } from '../../../packages/oncekey/src/stores/dynamodb/store.ts'
import { createTable } from '../../support/tables.ts'
import { describeStoreContract } from '../contract.ts'

describeStoreContract('DynamoDB', async () => {
  const { name, client } = await createTable()
  return dynamoDbStore(name, { client })
})
