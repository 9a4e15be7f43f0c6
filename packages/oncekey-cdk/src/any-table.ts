import type { ITableV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb'

/** Both: under `exactOptionalPropertyTypes`, CDK's own class is not assignable to CDK's own interface. */
export type AnyTableV2 = TableV2 | ITableV2
