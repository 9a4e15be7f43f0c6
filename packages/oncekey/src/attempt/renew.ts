import type { IdempotencyRecord, InFlightRecord } from '../protocol/record.ts'
import type { Sight } from '../protocol/store.ts'
import { persist } from './persist.ts'
import type { Hold, Scene } from './scene.ts'

/** Whether this record is the claim of that owner, with that lease. */
export function isClaimOf(
  record: IdempotencyRecord | undefined,
  owner: string,
  leaseUntilMs: number,
): record is InFlightRecord {
  return record?.status === 'in-flight' && record.owner === owner && record.leaseUntilMs === leaseUntilMs
}

type Renewed = { readonly kind: 'renewed' } | (Sight & { readonly kind: 'lost' })

/** Moves the end of the lease, and the expiry with it. */
export async function renew(scene: Scene, hold: Hold, leaseUntilMs: number): Promise<Renewed> {
  const { store, timing, retentionMs } = scene
  const lease = {
    fromLeaseUntilMs: hold.leaseUntilMs,
    leaseUntilMs,
    expiresAtMs: Math.max(timing.storeNowMs() + retentionMs, leaseUntilMs),
  }
  const answer = await persist(timing.clock, timing.claimUntilMs(), (limits) =>
    store.renew(hold.claim, lease, limits),
  )
  // The write of a lost reply, sent again, is refused by itself.
  if (answer.kind === 'refused' && !isClaimOf(answer.record, hold.claim.owner, leaseUntilMs)) {
    return { ...answer, kind: 'lost' }
  }
  hold.leaseUntilMs = leaseUntilMs
  return { kind: 'renewed' }
}
