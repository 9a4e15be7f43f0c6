import type { DescribeTableCommand } from '@aws-sdk/client-dynamodb'
import { formatDuration } from './describe.ts'
import type { Finding } from './doctor.ts'

/** When a request was sent and its reply received, by the local clock, and the reply's `Date`, by DynamoDB's. */
export interface ReplyTimes {
  readonly sentAtMs: number
  readonly receivedAtMs: number
  readonly dateMs: number
}

/** AWS rejects signatures whose time is further off. The SDK then corrects its clock and sends the request again. */
const SIGNATURE_LIMIT_MS = 5 * 60_000
const NOTICEABLE_MS = 2_000

/** Records the times of the command's last reply, including one that is an error. */
export function recordReplyTimes(command: DescribeTableCommand): () => ReplyTimes | undefined {
  let times: ReplyTimes | undefined
  command.middlewareStack.add(
    (send) => async (args) => {
      const sentAtMs = Date.now()
      const result = await send(args)
      const { response } = result
      if (hasHeaders(response)) {
        const dateMs = Date.parse(response.headers.date ?? '')
        times = { sentAtMs, receivedAtMs: Date.now(), dateMs }
      }
      return result
    },
    { step: 'deserialize', priority: 'low', name: 'oncekeyClock' },
  )
  return () => times
}

function hasHeaders(response: unknown): response is { readonly headers: Partial<Record<string, string>> } {
  return typeof response === 'object' && response !== null && 'headers' in response
}

/** Returns by how much the local clock is ahead of DynamoDB's at least; negative if it is behind. */
function skewMs({ sentAtMs, receivedAtMs, dateMs }: ReplyTimes): number {
  // The header has whole seconds, and was written at some time between sending and receiving.
  const aheadMs = sentAtMs - (dateMs + 999)
  const behindMs = receivedAtMs - dateMs
  if (aheadMs > 0) return aheadMs
  return Math.min(0, behindMs)
}

/** Compares the local clock with DynamoDB's. */
export function checkClock(times: ReplyTimes | undefined, found: (finding: Finding) => void): void {
  if (times === undefined || Number.isNaN(times.dateMs)) return
  const skew = skewMs(times)
  const distanceMs = Math.abs(skew)
  const skewed = `this machine's clock is ${formatDuration(distanceMs)} ${skew > 0 ? 'ahead of' : 'behind'} DynamoDB's`
  if (distanceMs <= NOTICEABLE_MS) {
    found({ check: 'clock', level: 'ok', message: "this machine's clock agrees with DynamoDB's." })
  } else if (distanceMs <= SIGNATURE_LIMIT_MS) {
    const message = `${skewed}. Leases follow DynamoDB's clock and are not affected, but yours should be corrected.`
    found({ check: 'clock', level: 'warning', message })
  } else {
    const message = `${skewed}. AWS rejects requests signed with this time: correct the clock.`
    found({ check: 'clock', level: 'problem', message })
  }
}
