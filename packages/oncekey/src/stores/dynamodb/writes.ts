import type { UpdateItemCommandOutput } from '@aws-sdk/client-dynamodb'
import type { InFlightRecord } from '../../protocol/record.ts'
import type { CallLimits, ClaimAnswer, Refused, Store, WriteAnswer } from '../../protocol/store.ts'
import { itemIn, nameOf } from './failures.ts'
import { claimItem } from './item.ts'
import { readRecord } from './read-item.ts'
import {
  type Condition,
  completing,
  isAsSeen,
  releasing,
  renewing,
  savingStep,
  takingOver,
  type Update,
} from './updates.ts'
import { type Reply, type Wire, within } from './wire.ts'

const BUSY = 'TransactionConflictException'
/** An owner that meets a transaction on its record tries again: it has no other way to learn what became of it. */
const OWNER_FORESEES = ['ConditionalCheckFailedException']
const CLAIM_FORESEES = [...OWNER_FORESEES, BUSY]

type Writes = Pick<Store, 'insert' | 'replace' | 'takeover' | 'complete' | 'release' | 'saveStep' | 'renew'>

/** Every write of a record but `commit`. */
export function createWrites(wire: Wire): Writes {
  const put = async (
    record: InFlightRecord,
    condition: Partial<Condition>,
    limits: CallLimits,
  ): Promise<ClaimAnswer> => {
    const input = {
      ...condition,
      Item: claimItem(record),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    } as const
    const { nowMs, refusal } = await within(limits.timeoutMs, (deadline) =>
      wire.put(input, deadline, CLAIM_FORESEES),
    )
    if (nameOf(refusal) === BUSY) return { kind: 'busy' }
    return refusal === undefined ? { kind: 'written', nowMs, record } : refused(record.id, refusal, nowMs)
  }

  const send = (
    update: Update & { readonly ReturnValues?: 'ALL_NEW' },
    { timeoutMs }: CallLimits,
    foreseen: readonly string[],
  ): Promise<Reply<UpdateItemCommandOutput>> =>
    within(timeoutMs, (deadline) => wire.update(update, deadline, foreseen))

  const write = async (id: string, update: Update, limits: CallLimits): Promise<WriteAnswer> => {
    const { refusal, nowMs } = await send(update, limits, OWNER_FORESEES)
    return refusal === undefined ? { kind: 'written' } : refused(id, refusal, nowMs)
  }

  return {
    insert: (record, limits) => put(record, { ConditionExpression: 'attribute_not_exists(id)' }, limits),
    replace: (record, seen, limits) => put(record, isAsSeen(seen), limits),
    async takeover(record, seen, limits) {
      // Steps may have been saved since it was seen: only what comes back has them all.
      const update = { ...takingOver(record, seen), ReturnValues: 'ALL_NEW' } as const
      const { nowMs, output, refusal } = await send(update, limits, CLAIM_FORESEES)
      if (output !== undefined) {
        return { kind: 'written', nowMs, record: readRecord(record.id, output.Attributes) }
      }
      return nameOf(refusal) === BUSY ? { kind: 'busy' } : refused(record.id, refusal, nowMs)
    },
    complete: (claim, completion, limits) => write(claim.id, completing(claim, completion), limits),
    release: (claim, limits) => write(claim.id, releasing(claim), limits),
    saveStep: (claim, name, result, limits) => write(claim.id, savingStep(claim, name, result), limits),
    renew: (claim, lease, limits) => write(claim.id, renewing(claim, lease), limits),
  }
}

/** `holder` is what brought back the item that stood in the way, if there is one. */
export function refused(id: string, holder: unknown, nowMs: number): Refused {
  const item = itemIn(holder)
  return { kind: 'refused', nowMs, record: item && readRecord(id, item) }
}
