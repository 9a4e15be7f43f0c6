import { Annotations } from 'aws-cdk-lib'
import { MultiRegionConsistency, TableEncryptionV2, type TablePropsV2 } from 'aws-cdk-lib/aws-dynamodb'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { Construct } from 'constructs'

/** A replica of an `IdempotencyTable` in another Region. */
export interface IdempotencyTableReplica {
  /** The Region of the replica, in the same Region set as the stack's own. */
  readonly region: string

  /**
   * The ARN of the customer-managed key that encrypts this replica. The key must be in the replica's Region.
   *
   * @default - none; required if the table has an `encryptionKey`
   */
  readonly encryptionKeyArn?: string
}

interface ReplicationProps {
  readonly replicas?: readonly IdempotencyTableReplica[]
  readonly witnessRegion?: string
  readonly multiRegionConsistency?: MultiRegionConsistency
}

/**
 * Returns the properties of a global table, or `undefined` for a table in one Region. `TableV2` checks DynamoDB's own
 * rules: three Regions of one set, no tokens.
 *
 * @throws Error if the replicas would not be strongly consistent, or if there are none for `witnessRegion` or
 *   `multiRegionConsistency`.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html#V2globaltables_HowItWorks.consistency-modes
 */
export function replicate(
  scope: Construct,
  props: ReplicationProps,
): Pick<TablePropsV2, 'replicas' | 'witnessRegion' | 'multiRegionConsistency'> | undefined {
  const { replicas = [], witnessRegion, multiRegionConsistency } = props
  if (multiRegionConsistency === MultiRegionConsistency.EVENTUAL) {
    throw new Error(
      `${scope.node.path}: expected multiRegionConsistency to be STRONG, got EVENTUAL. With eventually consistent replicas, two Regions can claim the same key and both run it. Use STRONG, or a table in one Region.`,
    )
  }
  if (replicas.length === 0) {
    if (witnessRegion === undefined && multiRegionConsistency === undefined) return
    throw new Error(
      `${scope.node.path}: expected replicas with witnessRegion or multiRegionConsistency, got none. Set two replicas, or one and a witnessRegion.`,
    )
  }
  Annotations.of(scope).addWarningV2(
    'oncekey-cdk:stronglyConsistentReplicas',
    'DynamoDB supports neither TTL nor transactions on strongly consistent global tables: expired records are never used, but they stay in the table until they are replaced or `oncekey sweep` deletes them, and `commit` is refused.',
  )
  return {
    replicas: replicas.map(({ region }) => ({ region })),
    ...(witnessRegion === undefined ? {} : { witnessRegion }),
    multiRegionConsistency: MultiRegionConsistency.STRONG,
  }
}

/**
 * Returns the encryption of a table and its replicas.
 *
 * @throws Error if only some of the Regions have a key: DynamoDB encrypts all replicas in the same way.
 */
export function encryptWith(
  scope: Construct,
  props: { readonly encryptionKey?: IKey; readonly replicas?: readonly IdempotencyTableReplica[] },
): Pick<TablePropsV2, 'encryption'> {
  const { encryptionKey, replicas = [] } = props
  const keyArns: Record<string, string> = {}
  for (const { region, encryptionKeyArn } of replicas) {
    if ((encryptionKey === undefined) !== (encryptionKeyArn === undefined)) {
      const [withKey, withoutKey] =
        encryptionKey === undefined ? [region, 'the table'] : ['the table', region]
      throw new Error(
        `${scope.node.path}: expected a customer-managed key in every Region or in none, got one for ${withKey} and none for ${withoutKey}. Set \`encryptionKey\` of the table and \`encryptionKeyArn\` of each replica.`,
      )
    }
    if (encryptionKeyArn !== undefined) keyArns[region] = encryptionKeyArn
  }
  return encryptionKey === undefined
    ? {}
    : { encryption: TableEncryptionV2.customerManagedKey(encryptionKey, keyArns) }
}
