import type { DescribeTableCommand } from '@aws-sdk/client-dynamodb'
import type { Finding } from './finding.ts'
import { duration } from './words.ts'

/** One request by the local clock, and what the reply says of DynamoDB's. */
export interface Exchange {
  readonly sentAtMs: number
  readonly receivedAtMs: number
  readonly dateMs: number
}

/** AWS refuses what was signed by a clock that is further off; the SDK then corrects itself, one round trip later. */
const SIGNATURE_LIMIT_MS = 5 * 60_000
const NOTICEABLE_MS = 2_000

/** Remembers the last reply to the command, refusals included. */
export function watchExchange(command: DescribeTableCommand): () => Exchange | undefined {
  let exchange: Exchange | undefined
  command.middlewareStack.add(
    (send) => async (args) => {
      const sentAtMs = Date.now()
      const result = await send(args)
      const { response } = result
      if (hasHeaders(response)) {
        const dateMs = Date.parse(response.headers.date ?? '')
        exchange = { sentAtMs, receivedAtMs: Date.now(), dateMs }
      }
      return result
    },
    { step: 'deserialize', priority: 'low', name: 'oncekeyClock' },
  )
  return () => exchange
}

function hasHeaders(response: unknown): response is { readonly headers: Partial<Record<string, string>> } {
  return typeof response === 'object' && response !== null && 'headers' in response
}

/** How far the local clock is ahead of DynamoDB's, at the least; negative if it is behind. */
function skewMs({ sentAtMs, receivedAtMs, dateMs }: Exchange): number {
  // The header has whole seconds, and was written some time between sending and receiving.
  const aheadMs = sentAtMs - (dateMs + 999)
  const behindMs = receivedAtMs - dateMs
  if (aheadMs > 0) return aheadMs
  return Math.min(0, behindMs)
}

export function checkClock(exchange: Exchange | undefined, found: (finding: Finding) => void): void {
  if (exchange === undefined || Number.isNaN(exchange.dateMs)) return
  const skew = skewMs(exchange)
  const off = Math.abs(skew)
  const words = `this machine's clock is ${duration(off)} ${skew > 0 ? 'ahead of' : 'behind'} DynamoDB's`
  if (off <= NOTICEABLE_MS) {
    found({ check: 'clock', level: 'ok', message: "this machine's clock agrees with DynamoDB's." })
  } else if (off <= SIGNATURE_LIMIT_MS) {
    const message = `${words}. Leases are judged by DynamoDB's clock and stay right; set yours all the same.`
    found({ check: 'clock', level: 'warning', message })
  } else {
    found({ check: 'clock', level: 'problem', message: `${words}, and AWS refuses such signatures: set it.` })
  }
}
