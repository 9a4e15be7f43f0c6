import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Transport } from '../packages/oncekey/src/stores/dynamodb/transport.ts'

export type Item = Record<string, AttributeValue>
export interface Input {
  readonly Item?: Item
  readonly Key?: Item
  readonly ConditionExpression?: string
  readonly ReturnValues?: string
  readonly ExpressionAttributeNames?: Record<string, string>
  readonly ExpressionAttributeValues?: Item
}

export interface Answer {
  readonly refused?: Item
  readonly Attributes?: Item | undefined
  readonly Item?: Item
}

/** So few that what the heap keeps besides is the library's. */
const MAX_ITEMS = 2_000

export const isItem = (value: unknown): value is Item => typeof value === 'object' && value !== null

/** Knows as much of DynamoDB as the contenders ask of it, and costs next to nothing: what remains is theirs. */
export function createStubTable(): (input: Input) => Answer {
  const items = new Map<string, Item>()
  return (input) => {
    const id = (input.Item ?? input.Key)?.id?.S ?? ''
    const held = items.get(id)
    if (input.Item !== undefined) {
      if (held !== undefined && input.ConditionExpression !== undefined) return { refused: held }
      items.set(id, input.Item)
      const [oldest = ''] = items.keys()
      if (items.size > MAX_ITEMS) items.delete(oldest)
      return {}
    }
    if (input.ExpressionAttributeNames === undefined) return held ? { Item: held } : {}
    // Every contender names attributes and values alike (`#status = :status`), so no expression need be read.
    const changed: Item = { ...held }
    for (const alias in input.ExpressionAttributeNames) {
      const value = input.ExpressionAttributeValues?.[`:${alias.slice(1)}`]
      if (value !== undefined) changed[input.ExpressionAttributeNames[alias] ?? ''] = value
    }
    items.set(id, changed)
    return { Attributes: input.ReturnValues === 'ALL_NEW' ? changed : undefined }
  }
}

/** Takes the place of Oncekey's own transport. */
export function stubTransport(): Transport {
  const answer = createStubTable()
  const cause = (): Error => new Error('The conditional request failed')
  return async (_action, input) => {
    const { refused, Item, Attributes } = answer(input)
    const error = refused && {
      ...{ name: 'ConditionalCheckFailedException', item: refused, reasons: undefined, cause },
    }
    return { nowMs: Date.now(), item: Item ?? Attributes, error }
  }
}
