import { DynamoDBDocumentClient, GetCommand, PutCommand, paginateScan } from '@aws-sdk/lib-dynamodb'
import type { IdempotencyOptions } from 'oncekey'
import { httpApiEvent, lambdaContext, type RequestFacts } from 'oncekey/testing'
import { type Answer, watchAnswer } from './answer.ts'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'
import { type FrontDoor, withoutMiddy } from './front-doors.ts'
import { createImpatientClient } from './impatient-client.ts'
import type { Work } from './middies.ts'
import { type Phase, phaseOf } from './protocol-phase.ts'
import { createTable, type TestTable } from './tables.ts'

interface Call extends RequestFacts {
  readonly remainingMs?: number
}

/** One sandbox of the function: it answers one call after another, or several at once. */
type Sandbox = (call?: Call) => Promise<Answer>

interface Deployment extends IdempotencyOptions {
  readonly door?: FrontDoor
}

/** A table of its own behind a proxy of its own, and functions that use it. */
export interface Trial extends AsyncDisposable {
  readonly table: TestTable
  readonly proxy: FaultProxy<Phase>
  sandbox(work: Work, deployment?: Deployment): Sandbox
  /** The only record of the table, if there is one. */
  record(): Promise<Record<string, unknown> | undefined>
  state(): Promise<'none' | 'in-flight' | 'released' | 'completed'>
  /** Any item of the table. */
  item(id: string): Promise<Record<string, unknown> | undefined>
  /** Changes attributes of the only record behind everybody's back. */
  edit(changes: Readonly<Record<string, unknown>>): Promise<void>
  /** Lets the lease of the claim end, as if its time had come. */
  lapseLease(): Promise<void>
}

const KEY = 'trial-key-0001'

export async function startTrial(): Promise<Trial> {
  const table = await createTable()
  const documents = DynamoDBDocumentClient.from(table.client)
  const proxy = await startFaultProxy(table.endpoint, phaseOf)
  const record = async (): Promise<Record<string, unknown> | undefined> => {
    const search = {
      TableName: table.name,
      FilterExpression: 'attribute_exists(#status)',
      ExpressionAttributeNames: { '#status': 'status' },
      ConsistentRead: true,
    }
    // Page by page, for chunks fill them.
    for await (const { Items = [] } of paginateScan({ client: documents }, search)) {
      if (Items[0] !== undefined) return Items[0]
    }
    return undefined
  }
  const edit = async (changes: Readonly<Record<string, unknown>>): Promise<void> => {
    await documents.send(new PutCommand({ TableName: table.name, Item: { ...(await record()), ...changes } }))
  }
  return {
    table,
    proxy,
    record,
    async state() {
      const found = await record()
      if (found === undefined) return 'none'
      if (found.status === 'completed') return 'completed'
      return found.leaseUntilMs === 0 ? 'released' : 'in-flight'
    },
    sandbox(work, { door = withoutMiddy, ...options } = {}) {
      const client = createImpatientClient(proxy.endpoint)
      const handler = door.protect(work, table.name, { client, ...options })
      return ({ remainingMs = 10_000, ...facts } = {}) => {
        // The service's deadline, by the function's own clock.
        const { clock = { nowMs: Date.now } } = options
        const deadlineMs = Date.now() + remainingMs
        const context = { ...lambdaContext(), getRemainingTimeInMillis: () => deadlineMs - clock.nowMs() }
        return watchAnswer(handler(httpApiEvent({ key: KEY, ...facts }), context), remainingMs)
      }
    },
    edit,
    lapseLease: () => edit({ leaseUntilMs: 1 }),
    async item(id) {
      const { Item } = await documents.send(
        new GetCommand({ TableName: table.name, Key: { id }, ConsistentRead: true }),
      )
      return Item
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
    },
  }
}
