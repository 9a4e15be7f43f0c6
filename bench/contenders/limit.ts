import { createDirectTransport } from '../../packages/oncekey/src/stores/dynamodb/direct.ts'
import { isItem } from '../stub-table.ts'
import { protectByHand } from './by-hand.ts'
import type { Protect } from './contender.ts'

/** The least that two conditional writes cost: made by hand, on Oncekey's own transport. */
export const protect: Protect = (work, table) => {
  const transport = createDirectTransport(process.env, () => Promise.reject(new Error('It needs the SDK.')))
  const options = { timeoutMs: 3_000, expectedErrors: ['ConditionalCheckFailedException'] }
  return protectByHand(work, table, async (action, input) => {
    const { error } = await transport(action, input, options)
    return isItem(error?.item) ? error.item : undefined
  })
}
