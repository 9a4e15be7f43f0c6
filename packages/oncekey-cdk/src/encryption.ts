import { TableEncryptionV2, type TablePropsV2 } from 'aws-cdk-lib/aws-dynamodb'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { Construct } from 'constructs'
import type { IdempotencyTableReplica } from './replication.ts'

/**
 * The encryption of a table and of its replicas.
 * @throws if only some of the Regions are given a key: DynamoDB encrypts all replicas in the same way.
 */
export function encryptWith(
  scope: Construct,
  props: { readonly encryptionKey?: IKey; readonly replicas?: readonly IdempotencyTableReplica[] },
): Pick<TablePropsV2, 'encryption'> {
  const { encryptionKey, replicas = [] } = props
  const keyArns: Record<string, string> = {}
  for (const { region, encryptionKeyArn } of replicas) {
    if ((encryptionKey === undefined) !== (encryptionKeyArn === undefined)) {
      const [has, lacks] = encryptionKey === undefined ? [region, 'the table'] : ['the table', region]
      throw new Error(
        `${scope.node.path}: expected a customer-managed key in every Region or in none, got one for ${has} and none for ${lacks}. Give \`encryptionKey\`, and \`encryptionKeyArn\` of each replica.`,
      )
    }
    if (encryptionKeyArn !== undefined) keyArns[region] = encryptionKeyArn
  }
  return encryptionKey === undefined
    ? {}
    : { encryption: TableEncryptionV2.customerManagedKey(encryptionKey, keyArns) }
}
