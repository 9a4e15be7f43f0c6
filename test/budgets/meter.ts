import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb'

/** One command that went over the wire, and what DynamoDB bills for it. */
export interface Billed {
  readonly command: string
  readonly writeUnits: number
  readonly readUnits: number
}

export interface Meter {
  /** What was sent since the last time. */
  take(): readonly Billed[]
}

const KIB = 1024

/**
 * Counts what goes over this client's wire, retries included, and what it costs on demand. DynamoDB Local is right for
 * single items. It says nothing of refused writes and too little of transactions: those are reckoned as documented.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
 */
export function createMeter(client: DynamoDBClient): Meter {
  let billed: Billed[] = []
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const command = commandName.replace(/Command$/, '')
        const input = { ...args.input, ReturnConsumedCapacity: 'TOTAL' }
        try {
          const result = await next({ ...args, input })
          const { ConsumedCapacity } = Object(result.output)
          billed.push({ command, ...unitsOf(command, args.input, ConsumedCapacity?.CapacityUnits) })
          return result
        } catch (error) {
          // A refused write is billed by the larger of the item in its way and the one that was to be written.
          const { Item: held = {} } = Object(error)
          const { Item: wanted = {} } = Object(args.input)
          const writeUnits = Math.max(writeUnitsOf(held), writeUnitsOf(wanted))
          billed.push({ command: `${command} refused`, writeUnits, readUnits: 0 })
          throw error
        }
      },
    { step: 'initialize', name: 'oncekeyMeter' },
  )
  return {
    take() {
      const taken = billed
      billed = []
      return taken
    },
  }
}

function unitsOf(command: string, input: object, consumed: number): Omit<Billed, 'command'> {
  if (command.startsWith('Get')) return { writeUnits: 0, readUnits: consumed }
  if (!command.startsWith('Transact')) return { writeUnits: consumed, readUnits: 0 }
  // Two units for each item, one to prepare and one to commit; the items of the measures are below 1 KB.
  const { TransactItems = [] }: { TransactItems?: readonly object[] } = input
  return { writeUnits: 2 * TransactItems.length, readUnits: 0 }
}

const writeUnitsOf = (item: Record<string, AttributeValue>): number =>
  Math.max(1, Math.ceil(bytesOfMap(item) / KIB))

/** @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html */
function bytesOfMap(map: Record<string, AttributeValue>): number {
  return Object.entries(map).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + bytesOf(value), 0)
}

function bytesOf({ S, N, B, M, L, SS, NS, BS }: AttributeValue): number {
  if (S !== undefined) return Buffer.byteLength(S)
  if (N !== undefined) return Math.ceil(N.length / 2) + 1
  if (B !== undefined) return B.length
  if (M !== undefined) return Object.values(M).length + 3 + bytesOfMap(M)
  if (L !== undefined) return L.reduce((sum, value) => sum + 1 + bytesOf(value), 3)
  return [...(SS ?? []), ...(NS ?? []), ...(BS ?? [])].reduce((sum, value) => sum + value.length, 1)
}
