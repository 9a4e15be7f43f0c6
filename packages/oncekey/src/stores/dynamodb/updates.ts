import type { Seen } from '../../protocol/decide.ts'
import type { InFlightRecord } from '../../protocol/record.ts'
import type { StoredResult } from '../../protocol/result.ts'
import type { ClaimToken, Completion } from '../../protocol/store.ts'
import { claimAttributes, expiry, type Item, number, resultValue, text } from './item.ts'

/** A condition and what it names: attributes by `#`, because some of them are reserved words. No condition holds a time. */
export interface Condition {
  readonly ConditionExpression: string
  readonly ExpressionAttributeNames: Record<string, string>
  readonly ExpressionAttributeValues: Item
}

/** A write on a condition. What makes the condition fail comes back with the refusal, for no round trip more. */
export interface Update extends Condition {
  readonly Key: Item
  readonly UpdateExpression: string
  readonly ReturnValuesOnConditionCheckFailure: 'ALL_OLD'
}

export function isAsSeen({ owner, leaseUntilMs }: Seen): Condition {
  return {
    ConditionExpression: '#owner = :seenOwner AND #leaseUntilMs = :seenLease',
    ExpressionAttributeNames: { '#owner': 'owner', '#leaseUntilMs': 'leaseUntilMs' },
    ExpressionAttributeValues: { ':seenOwner': text(owner), ':seenLease': number(leaseUntilMs) },
  }
}

/** The claim's condition: it is still its owner's, neither completed nor released. */
function isClaimed(owner: string): Condition {
  return {
    ConditionExpression: '#owner = :claimant AND #status = :inFlight AND #leaseUntilMs > :released',
    ExpressionAttributeNames: { '#owner': 'owner', '#status': 'status', '#leaseUntilMs': 'leaseUntilMs' },
    ExpressionAttributeValues: {
      ':claimant': text(owner),
      ':inFlight': text('in-flight'),
      ':released': number(0),
    },
  }
}

export const takingOver = (record: InFlightRecord, seen: Seen): Update =>
  setting(record.id, claimAttributes(record), isAsSeen(seen))

export function completing({ id, owner }: ClaimToken, completion: Completion): Update {
  const { result, completedAtMs, expiresAtMs, commitToken } = completion
  const changes: Item = {
    status: text('completed'),
    leaseUntilMs: number(0),
    completedAtMs: number(completedAtMs),
    result: resultValue(result),
    ...expiry(expiresAtMs),
    ...(commitToken === undefined ? {} : { commitToken: text(commitToken) }),
  }
  const update = setting(id, changes, isClaimed(owner))
  return {
    ...update,
    UpdateExpression: `${update.UpdateExpression} REMOVE #steps`,
    ExpressionAttributeNames: { ...update.ExpressionAttributeNames, '#steps': 'steps' },
  }
}

export const releasing = ({ id, owner }: ClaimToken): Update =>
  setting(id, { leaseUntilMs: number(0) }, isClaimed(owner))

export function savingStep({ id, owner }: ClaimToken, name: string, result: StoredResult): Update {
  const condition = isClaimed(owner)
  return {
    Key: { id: text(id) },
    UpdateExpression: 'SET #steps.#step = :step',
    ConditionExpression: condition.ConditionExpression,
    ExpressionAttributeNames: { ...condition.ExpressionAttributeNames, '#steps': 'steps', '#step': name },
    ExpressionAttributeValues: { ...condition.ExpressionAttributeValues, ':step': resultValue(result) },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }
}

export function renewing(
  { id, owner }: ClaimToken,
  lease: { readonly fromLeaseUntilMs: number; readonly leaseUntilMs: number; readonly expiresAtMs: number },
): Update {
  const changes = { leaseUntilMs: number(lease.leaseUntilMs), ...expiry(lease.expiresAtMs) }
  const update = setting(id, changes, isClaimed(owner))
  return {
    ...update,
    ConditionExpression: `${update.ConditionExpression} AND #leaseUntilMs = :from`,
    ExpressionAttributeValues: {
      ...update.ExpressionAttributeValues,
      ':from': number(lease.fromLeaseUntilMs),
    },
  }
}

function setting(id: string, changes: Item, condition: Condition): Update {
  const names = Object.keys(changes)
  return {
    Key: { id: text(id) },
    UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
    ConditionExpression: condition.ConditionExpression,
    ExpressionAttributeNames: {
      ...condition.ExpressionAttributeNames,
      ...Object.fromEntries(names.map((name) => [`#${name}`, name])),
    },
    ExpressionAttributeValues: {
      ...condition.ExpressionAttributeValues,
      ...Object.fromEntries(Object.entries(changes).map(([name, value]) => [`:${name}`, value])),
    },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }
}
