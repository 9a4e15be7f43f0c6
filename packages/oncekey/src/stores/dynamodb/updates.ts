import type { Seen } from '../../protocol/decide.ts'
import type { InFlightRecord } from '../../protocol/record.ts'
import type { StoredResult } from '../../protocol/result.ts'
import type { ClaimToken, Completion } from '../../protocol/store.ts'
import { claimAttributes, type Item, number, resultValue, text, ttl } from './item.ts'

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

/** What is the same of every update of one kind. */
type Expressions = Omit<Update, 'Key' | 'ExpressionAttributeValues'>

// No condition holds a time: a lease is compared with what was seen of it, never with a clock.
const AS_SEEN = '#owner = :seenOwner AND #leaseUntilMs = :seenLease'
const CLAIMED = '#owner = :claimant AND #status = :inFlight AND #leaseUntilMs > :released'

const END = 'SET #status = :status, #leaseUntilMs = :leaseUntilMs, #completedAtMs = :completedAtMs'
const KEEP = '#result = :result, #expiresAtMs = :expiresAtMs, #expiresAt = :expiresAt'

const COMPLETING = expressions(`${END}, ${KEEP} REMOVE #steps`, CLAIMED)
const COMMITTING = expressions(`${END}, ${KEEP}, #commitToken = :commitToken REMOVE #steps`, CLAIMED)
const FREE = 'SET #leaseUntilMs = :released'
const RELEASING = expressions(FREE, CLAIMED)
const RELEASING_AS_SEEN = expressions(FREE, AS_SEEN)
const SAVING_STEP = expressions('SET #steps.#step = :step', CLAIMED)
const RENEWING = expressions(
  'SET #leaseUntilMs = :leaseUntilMs, #expiresAtMs = :expiresAtMs, #expiresAt = :expiresAt',
  `${CLAIMED} AND #leaseUntilMs = :from`,
)

export const isAsSeen = (seen: Seen): Condition => ({
  ConditionExpression: AS_SEEN,
  ExpressionAttributeNames: namesIn(AS_SEEN),
  ExpressionAttributeValues: seenValues(seen),
})

export const takingOver = (record: InFlightRecord, seen: Seen): Update => {
  const changes = Object.entries(claimAttributes(record))
  const set = `SET ${changes.map(([name]) => `#${name} = :${name}`)}`
  const values = Object.fromEntries(changes.map(([name, value]) => [`:${name}`, value]))
  return update(record.id, expressions(set, AS_SEEN), { ...seenValues(seen), ...values })
}

export const completing = ({ id, owner }: ClaimToken, completion: Completion): Update => {
  const { result, completedAtMs, expiresAtMs, commitToken } = completion
  const values = {
    ...claimValues(owner),
    ':status': text('completed'),
    ':leaseUntilMs': number(0),
    ':completedAtMs': number(completedAtMs),
    ':result': resultValue(result),
    ':expiresAtMs': number(expiresAtMs),
    ':expiresAt': ttl(expiresAtMs),
  }
  return commitToken === undefined
    ? update(id, COMPLETING, values)
    : update(id, COMMITTING, { ...values, ':commitToken': text(commitToken) })
}

export const releasing = ({ id, owner }: ClaimToken): Update => update(id, RELEASING, claimValues(owner))

export const releasingAsSeen = ({ id, ...seen }: Pick<InFlightRecord, 'id' | keyof Seen>): Update =>
  update(id, RELEASING_AS_SEEN, { ...seenValues(seen), ':released': number(0) })

export const savingStep = ({ id, owner }: ClaimToken, name: string, result: StoredResult): Update => {
  const names = { ...SAVING_STEP.ExpressionAttributeNames, '#step': name }
  const values = { ...claimValues(owner), ':step': resultValue(result) }
  return update(id, { ...SAVING_STEP, ExpressionAttributeNames: names }, values)
}

export const renewing = (
  { id, owner }: ClaimToken,
  lease: { readonly fromLeaseUntilMs: number; readonly leaseUntilMs: number; readonly expiresAtMs: number },
): Update =>
  update(id, RENEWING, {
    ...claimValues(owner),
    ':from': number(lease.fromLeaseUntilMs),
    ':leaseUntilMs': number(lease.leaseUntilMs),
    ':expiresAtMs': number(lease.expiresAtMs),
    ':expiresAt': ttl(lease.expiresAtMs),
  })

function seenValues({ owner, leaseUntilMs }: Seen): Item {
  return { ':seenOwner': text(owner), ':seenLease': number(leaseUntilMs) }
}

function claimValues(owner: string): Item {
  return { ':claimant': text(owner), ':inFlight': text('in-flight'), ':released': number(0) }
}

function update(id: string, constant: Expressions, ExpressionAttributeValues: Item): Update {
  return { ...constant, Key: { id: text(id) }, ExpressionAttributeValues }
}

function expressions(UpdateExpression: string, ConditionExpression: string): Expressions {
  return {
    UpdateExpression,
    ConditionExpression,
    ExpressionAttributeNames: namesIn(UpdateExpression + ConditionExpression),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }
}

function namesIn(expression: string): Record<string, string> {
  const aliases = [...expression.matchAll(/#\w+/g)]
  return Object.fromEntries(aliases.map(([alias]) => [alias, alias.slice(1)]))
}
