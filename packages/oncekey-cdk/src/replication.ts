import { Annotations } from 'aws-cdk-lib'
import { MultiRegionConsistency, type TablePropsV2 } from 'aws-cdk-lib/aws-dynamodb'
import type { Construct } from 'constructs'

/** A further Region of an `IdempotencyTable`. */
export interface IdempotencyTableReplica {
  /** The Region, from the same continent's set as the stack's own. */
  readonly region: string

  /**
   * The ARN of the customer-managed key that encrypts this replica, a key of that Region.
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
 * What makes a table a global one, or nothing if it is not to be one. DynamoDB's own rules (three Regions of one
 * set, no tokens) are checked by `TableV2`.
 *
 * @throws if the replicas are not strongly consistent with each other.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html#V2globaltables_HowItWorks.consistency-modes
 */
export function replicate(
  scope: Construct,
  props: ReplicationProps,
): Pick<TablePropsV2, 'replicas' | 'witnessRegion' | 'multiRegionConsistency'> | undefined {
  const { replicas = [], witnessRegion, multiRegionConsistency } = props
  if (multiRegionConsistency === MultiRegionConsistency.EVENTUAL) {
    throw new Error(
      `${scope.node.path}: expected multiRegionConsistency to be STRONG, got EVENTUAL. Eventually consistent replicas let two Regions claim one key at once, and both run it. Use STRONG, or one table in one Region.`,
    )
  }
  if (replicas.length === 0) {
    if (witnessRegion === undefined && multiRegionConsistency === undefined) return
    throw new Error(
      `${scope.node.path}: expected replicas beside witnessRegion or multiRegionConsistency, got none. Name two further Regions, or one and a witness.`,
    )
  }
  Annotations.of(scope).addWarningV2(
    'oncekey-cdk:stronglyConsistentReplicas',
    'DynamoDB has neither TTL nor transactions on strongly consistent global tables: expired records are never used but stay in the table until you delete them, and `commit` is refused.',
  )
  return {
    replicas: replicas.map(({ region }) => ({ region })),
    ...(witnessRegion === undefined ? {} : { witnessRegion }),
    multiRegionConsistency: MultiRegionConsistency.STRONG,
  }
}
