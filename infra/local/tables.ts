import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteTableCommand,
  type DynamoDBClient,
  type TimeToLiveSpecification,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import type { ResolvedTemplate } from './template.ts'

type TableProperties = Pick<
  CreateTableCommandInput,
  'AttributeDefinitions' | 'BillingMode' | 'GlobalSecondaryIndexes' | 'KeySchema' | 'LocalSecondaryIndexes'
> & {
  readonly TableName?: string
  readonly TimeToLiveSpecification?: TimeToLiveSpecification
}

/** Creates the tables of the template, with their TTL, and returns their names. */
export async function createTables(template: ResolvedTemplate, client: DynamoDBClient): Promise<string[]> {
  const tables = template.resources<TableProperties>('AWS::DynamoDB::GlobalTable')
  return Promise.all(
    [...tables].map(async ([id, properties]) => {
      const { TableName = template.nameOf(id), TimeToLiveSpecification, ...rest } = properties
      const { AttributeDefinitions, BillingMode, GlobalSecondaryIndexes, KeySchema, LocalSecondaryIndexes } =
        rest
      await client.send(
        new CreateTableCommand({
          TableName,
          AttributeDefinitions,
          BillingMode,
          GlobalSecondaryIndexes,
          KeySchema,
          LocalSecondaryIndexes,
        }),
      )
      if (TimeToLiveSpecification) {
        await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }))
      }
      return TableName
    }),
  )
}

export async function deleteTables(names: readonly string[], client: DynamoDBClient): Promise<void> {
  await Promise.all(names.map((TableName) => client.send(new DeleteTableCommand({ TableName }))))
}
