import type { ProxiedRequest } from './fault-proxy.ts'

/** What a packet to DynamoDB is in the words of the protocol. */
export type Phase =
  | 'insert'
  | 'replace'
  | 'takeover'
  | 'complete'
  | 'release'
  | 'renew'
  | 'save step'
  | 'commit'
  | 'read'
  | 'write chunk'
  | 'read chunk'
  | 'other'

interface Packet {
  readonly Item?: Record<string, unknown>
  readonly Key?: { readonly id?: { readonly S?: string } }
  readonly ConditionExpression?: string
  readonly ExpressionAttributeNames?: Record<string, string>
  readonly ExpressionAttributeValues?: Record<string, { readonly N?: string }>
  readonly UpdateExpression?: string
}

/** Reads a request as DynamoDB gets it. A chunk is told by its id, which ends in its number. */
export function phaseOf({ headers, body }: ProxiedRequest): Phase {
  const packet: Packet = JSON.parse(body)
  switch (`${headers['x-amz-target']}`.split('.')[1]) {
    case 'PutItem':
      if (packet.Item?.status === undefined) return 'write chunk'
      return packet.ConditionExpression?.includes('attribute_not_exists') ? 'insert' : 'replace'
    case 'UpdateItem':
      return updateOf(packet)
    case 'GetItem':
      return /#\d+$/.test(packet.Key?.id?.S ?? '') ? 'read chunk' : 'read'
    case 'BatchGetItem':
      return 'read chunk'
    case 'BatchWriteItem':
      return 'write chunk'
    case 'TransactWriteItems':
      return 'commit'
    default:
      return 'other'
  }
}

function updateOf({
  UpdateExpression = '',
  ExpressionAttributeNames = {},
  ExpressionAttributeValues = {},
}: Packet): Phase {
  const update = UpdateExpression.replaceAll(/#\w+/g, (name) => ExpressionAttributeNames[name] ?? name)
  if (update.includes('completedAtMs')) return 'complete'
  if (update.includes('attempt')) return 'takeover'
  if (update.includes('step:')) return 'save step'
  const lease = /leaseUntilMs = (:\w+)/.exec(update)?.[1] ?? ''
  return ExpressionAttributeValues[lease]?.N === '0' ? 'release' : 'renew'
}
