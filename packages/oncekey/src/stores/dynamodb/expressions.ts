import type { IdempotencyRecord, InFlightRecord } from '../../core/record.ts'
import type { StoredResult } from '../../core/result.ts'
import type { Completion, LeaseChange, Owner, Seen } from '../../core/store.ts'
import {
  type Attributes,
  encodeCompletion,
  encodeLease,
  encodeResult,
  encodeTakeover,
  STEP_PREFIX,
} from '../codec.ts'
import { toAttributeValue } from './item.ts'
import type { Item } from './transport.ts'

/** The parts of a conditional command. The item that makes the condition fail comes back with the refusal. */
export interface Condition {
  readonly ConditionExpression: string
  readonly ReturnValuesOnConditionCheckFailure: 'ALL_OLD'
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>
  readonly ExpressionAttributeValues?: Item
}

export interface Update extends Condition {
  readonly Key: Item
  readonly UpdateExpression: string
}

/** Aliases, because some names are reserved words; short, because they travel with every write. */
const ALIASES: Readonly<Record<string, string>> = {
  attempt: 'a',
  commitToken: 't',
  completedAtMs: 'd',
  expiresAt: 'e',
  leaseUntilMs: 'l',
  onCrash: 'c',
  owner: 'o',
  result: 'r',
  status: 's',
  takenOverAtMs: 'k',
}

// No condition holds a time: a lease is compared with what was seen of it, never with a clock.
const AS_SEEN = '#o = :so AND #l = :sl'
const CLAIMED = '#o = :o AND #s = :f AND #l > :z'

const TAKE_OVER = expressions(AS_SEEN, 'SET #o = :o, #a = :a, #l = :l, #e = :e, #k = :k REMOVE #c')
const TAKE_OVER_REFUSING = expressions(AS_SEEN, 'SET #o = :o, #a = :a, #l = :l, #e = :e, #k = :k, #c = :c')
const COMPLETE = expressions(CLAIMED, 'SET #s = :s, #l = :l, #d = :d, #r = :r, #e = :e')
const COMMIT = expressions(CLAIMED, 'SET #s = :s, #l = :l, #d = :d, #r = :r, #e = :e, #t = :t')
const RELEASE = expressions(CLAIMED, 'SET #l = :l')
const RELEASE_AS_SEEN = expressions(AS_SEEN, 'SET #l = :l')
const SAVE_STEP = expressions(CLAIMED, 'SET #p = :p')
const { UpdateExpression: _, ...IF_UNCHANGED } = expressions(AS_SEEN, '')
const RENEW = expressions(`${CLAIMED} AND #l = :from`, 'SET #l = :l, #e = :e')

/** An expression may have 4 KB. Steps that a completed record keeps only make its later writes dearer. */
const MAX_REMOVED_STEPS = 300

export const IF_ABSENT: Condition = {
  ConditionExpression: 'attribute_not_exists(id)',
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
}

export function ifUnchanged(seen: Seen): Condition {
  return { ...IF_UNCHANGED, ExpressionAttributeValues: seenValues(seen) }
}

export function takeOver(record: InFlightRecord, seen: Seen): Update {
  const constant = record.onCrash === 'refuse' ? TAKE_OVER_REFUSING : TAKE_OVER
  return update(record.id, constant, seenValues(seen), encodeTakeover(record))
}

export function complete({ id, owner }: Owner, completion: Completion): Update {
  const { commitToken, steps = [] } = completion
  const constant = commitToken === undefined ? COMPLETE : COMMIT
  const whole = update(id, constant, claimValues(owner), encodeCompletion(completion))
  if (steps.length === 0) return whole
  const names = steps.slice(0, MAX_REMOVED_STEPS).map((name, n) => [`#p${n}`, STEP_PREFIX + name] as const)
  return {
    ...whole,
    UpdateExpression: `${whole.UpdateExpression} REMOVE ${names.map(([alias]) => alias).join(', ')}`,
    ExpressionAttributeNames: { ...whole.ExpressionAttributeNames, ...Object.fromEntries(names) },
  }
}

export function release({ id, owner }: Owner): Update {
  return update(id, RELEASE, claimValues(owner), { leaseUntilMs: 0 })
}

export function releaseAsSeen(record: IdempotencyRecord): Update {
  return update(record.id, RELEASE_AS_SEEN, seenValues(record), { leaseUntilMs: 0 })
}

export function saveStep({ id, owner }: Owner, name: string, result: StoredResult): Update {
  const values = { ...claimValues(owner), ':p': toAttributeValue(encodeResult(result)) }
  const names = { ...SAVE_STEP.ExpressionAttributeNames, '#p': STEP_PREFIX + name }
  return { ...update(id, SAVE_STEP, values, {}), ExpressionAttributeNames: names }
}

export function renew({ id, owner }: Owner, change: LeaseChange): Update {
  const values = { ...claimValues(owner), ':from': { N: `${change.fromLeaseUntilMs}` } }
  return update(id, RENEW, values, encodeLease(change))
}

function seenValues({ owner, leaseUntilMs }: Seen): Item {
  return { ':so': { S: owner }, ':sl': { N: `${leaseUntilMs}` } }
}

function claimValues(owner: string): Item {
  return { ':o': { S: owner }, ':f': { S: 'in-flight' }, ':z': { N: '0' } }
}

type Expressions = Omit<Update, 'Key' | 'ExpressionAttributeValues'>

function update(id: string, constant: Expressions, conditionValues: Item, attributes: Attributes): Update {
  const values = { ...conditionValues }
  for (const [name, value] of Object.entries(attributes))
    values[`:${ALIASES[name]}`] = toAttributeValue(value)
  return { ...constant, Key: { id: { S: id } }, ExpressionAttributeValues: values }
}

function expressions(ConditionExpression: string, UpdateExpression: string): Expressions {
  const text = ConditionExpression + UpdateExpression
  const names = Object.entries(ALIASES).flatMap(([name, alias]) =>
    text.includes(`#${alias}`) ? [[`#${alias}`, name] as const] : [],
  )
  return {
    UpdateExpression,
    ConditionExpression,
    ExpressionAttributeNames: Object.fromEntries(names),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }
}
