import { DynamoDBDocumentClient, GetCommand, PutCommand, paginateScan } from '@aws-sdk/lib-dynamodb'
import type { IdempotencyOptions } from 'oncekey'
import { httpApiEvent, type RequestFacts } from './events.ts'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'
import { type FrontDoor, withoutMiddy } from './front-doors.ts'
import { createImpatientClient } from './impatient-client.ts'
import { lambdaContext } from './lambda-context.ts'
import type { Work } from './middies.ts'
import { createTable, type TestTable } from './tables.ts'

/** What a client sees of one invocation. */
export interface Answer {
  /** `201`, `201 replayed`, `threw Error`, or `cut off` if the function's time was over first. */
  readonly text: string
  /** As the function gave it. */
  readonly response: unknown
  readonly body: unknown
  readonly headers: Readonly<Record<string, string>>
  readonly error: unknown
}

export interface Call extends RequestFacts {
  readonly remainingMs?: number
}

/** One sandbox of the function: it answers one call after another, or several at once. */
export type Sandbox = (call?: Call) => Promise<Answer>

interface Deployment extends IdempotencyOptions {
  readonly door?: FrontDoor
}

/** A table of its own behind a proxy of its own, and functions that use it. */
export interface Trial extends AsyncDisposable {
  readonly table: TestTable
  readonly proxy: FaultProxy
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
  const proxy = await startFaultProxy(table.endpoint)
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
        const { clock } = options
        const context = lambdaContext({ remainingMs, ...(clock && { nowMs: clock.nowMs }) })
        return watch(handler(httpApiEvent({ key: KEY, ...facts }), context), remainingMs)
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

/** Waits as API Gateway does: until the answer, the error, or the end of the function's time. */
async function watch(invocation: Promise<unknown>, remainingMs: number): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined
  const cutOff = new Promise<Answer>((resolve) => {
    timer = setTimeout(resolve, remainingMs, { ...SILENT, text: 'cut off' })
  })
  const answered = invocation.then(asAnswer, (error: unknown) => ({
    ...SILENT,
    text: `threw ${error instanceof Error ? error.name : typeof error}`,
    error,
  }))
  const answer = await Promise.race([answered, cutOff])
  clearTimeout(timer)
  return answer
}

const SILENT = { response: undefined, body: undefined, headers: {}, error: undefined } as const

function asAnswer(response: unknown): Answer {
  const { statusCode, body, headers } = Object(response)
  const names: Record<string, string> = Object.fromEntries(
    Object.entries(Object(headers)).map(([name, value]) => [name.toLowerCase(), String(value)]),
  )
  const replayed = names['idempotent-replayed'] === 'true' ? ' replayed' : ''
  return { text: `${statusCode}${replayed}`, response, body, headers: names, error: undefined }
}
