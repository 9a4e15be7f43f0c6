import type { Seen } from '../../protocol/decide.ts'
import type { InFlightRecord } from '../../protocol/record.ts'
import type { StoredResult } from '../../protocol/result.ts'
import type { ClaimToken, Completion } from '../../protocol/store.ts'
import { claimAttributes, expiry, type Item, number, resultValue, text } from './item.ts'

/** A condition and what it names: attributes by `#`, because some of them are reserved words. */
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

// No condition holds a time: a lease is compared with what was seen of it, never with a clock.
const AS_SEEN = '#owner = :seenOwner AND #leaseUntilMs = :seenLease'
const CLAIMED = '#owner = :claimant AND #status = :inFlight AND #leaseUntilMs > :released'

const seenValues = ({ owner, leaseUntilMs }: Seen): Item => ({
  ':seenOwner': text(owner),
  ':seenLease': number(leaseUntilMs),
})
const claimValues = (owner: string): Item => ({
  ':claimant': text(owner),
  ':inFlight': text('in-flight'),
  ':released': number(0),
})

export const isAsSeen = (seen: Seen): Condition => ({
  ConditionExpression: AS_SEEN,
  ExpressionAttributeNames: namesIn(AS_SEEN),
  ExpressionAttributeValues: seenValues(seen),
})

export const takingOver = (record: InFlightRecord, seen: Seen): Update => {
  const changes = claimAttributes(record)
  return update(record.id, assign(changes), AS_SEEN, { ...seenValues(seen), ...valuesOf(changes) })
}

export const completing = ({ id, owner }: ClaimToken, completion: Completion): Update => {
  const { result, completedAtMs, expiresAtMs, commitToken } = completion
  const changes = {
    status: text('completed'),
    leaseUntilMs: number(0),
    completedAtMs: number(completedAtMs),
    result: resultValue(result),
    ...expiry(expiresAtMs),
    ...(commitToken === undefined ? {} : { commitToken: text(commitToken) }),
  }
  const values = { ...claimValues(owner), ...valuesOf(changes) }
  return update(id, `${assign(changes)} REMOVE #steps`, CLAIMED, values)
}

export const releasing = ({ id, owner }: ClaimToken): Update =>
  update(id, 'SET #leaseUntilMs = :released', CLAIMED, claimValues(owner))

export const savingStep = ({ id, owner }: ClaimToken, name: string, result: StoredResult): Update =>
  update(
    id,
    'SET #steps.#step = :step',
    CLAIMED,
    { ...claimValues(owner), ':step': resultValue(result) },
    { '#step': name },
  )

export const renewing = (
  { id, owner }: ClaimToken,
  lease: { readonly fromLeaseUntilMs: number; readonly leaseUntilMs: number; readonly expiresAtMs: number },
): Update => {
  const changes = { leaseUntilMs: number(lease.leaseUntilMs), ...expiry(lease.expiresAtMs) }
  const from = { ':from': number(lease.fromLeaseUntilMs) }
  const values = { ...claimValues(owner), ...valuesOf(changes), ...from }
  return update(id, assign(changes), `${CLAIMED} AND #leaseUntilMs = :from`, values)
}

function update(
  id: string,
  UpdateExpression: string,
  ConditionExpression: string,
  ExpressionAttributeValues: Item,
  names: Record<string, string> = {},
): Update {
  return {
    Key: { id: text(id) },
    UpdateExpression,
    ConditionExpression,
    ExpressionAttributeNames: { ...namesIn(UpdateExpression + ConditionExpression), ...names },
    ExpressionAttributeValues,
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }
}

const assign = (changes: Item): string => `SET ${Object.keys(changes).map((name) => `#${name} = :${name}`)}`
const valuesOf = (changes: Item): Item =>
  Object.fromEntries(Object.entries(changes).map(([name, value]) => [`:${name}`, value]))
/** Of every expression that was built so far: there are a handful, and they hold no values. */
const namesByExpression = new Map<string, Record<string, string>>()

function namesIn(expression: string): Record<string, string> {
  const known = namesByExpression.get(expression)
  // Stryker disable next-line ConditionalExpression: found again, it is the same
  if (known !== undefined) return known
  const aliases = [...expression.matchAll(/#\w+/g)]
  const names = Object.fromEntries(aliases.map(([alias]) => [alias, alias.slice(1)]))
  // Stryker disable next-line CallExpression: found again, it is the same
  namesByExpression.set(expression, names)
  return names
}
