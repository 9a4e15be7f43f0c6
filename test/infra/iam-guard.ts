import { type FaultProxy, type ProxiedRequest, startFaultProxy } from '../support/fault-proxy.ts'
import { type Phase, phaseOf } from '../support/protocol-phase.ts'

/** An action on a table, such as `dynamodb:PutItem on payments`. */
export type TableAction = `dynamodb:${string} on ${string}`

/** IAM authorises the members of a transaction as separate actions. */
const ITEM_ACTIONS: Readonly<Record<string, string>> = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
}

interface Packet {
  readonly TableName?: string
  readonly RequestItems?: Readonly<Record<string, unknown>>
  readonly TransactItems?: readonly Readonly<Record<string, { readonly TableName: string }>>[]
}

/**
 * Returns the actions that a request to DynamoDB needs. A transaction needs those of all its writes.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
 */
function actionsOf({ headers, body }: ProxiedRequest): readonly TableAction[] {
  const operation = `${headers['x-amz-target']}`.split('.')[1]
  const { TableName, RequestItems, TransactItems }: Packet = JSON.parse(body)
  if (TransactItems) {
    return TransactItems.flatMap((item) =>
      Object.entries(item).map(
        ([kind, { TableName: table }]): TableAction => `dynamodb:${ITEM_ACTIONS[kind] ?? kind} on ${table}`,
      ),
    )
  }
  const tables = TableName === undefined ? Object.keys(RequestItems ?? {}) : [TableName]
  return tables.map((table): TableAction => `dynamodb:${operation} on ${table}`)
}

/** A proxy that counts the actions of requests to DynamoDB, and can deny them as IAM would. */
export interface IamGuard extends AsyncDisposable {
  readonly endpoint: string
  /** The number of requests for each action, allowed or not. */
  readonly used: Map<TableAction, number>
  /** The user agent of the requests for each action. */
  readonly agents: Map<TableAction, string>
  /** Answers every request that needs another action with AccessDeniedException from now on. */
  allowOnly(actions: readonly string[]): void
  /** Drops the next request of this phase. Resolves when it arrived. */
  loseNext(phase: Phase): Promise<void>
}

export async function startIamGuard(target: string): Promise<IamGuard> {
  let allowed: readonly string[] | undefined
  const used = new Map<TableAction, number>()
  const agents = new Map<TableAction, string>()
  const proxy: FaultProxy<Phase | 'denied'> = await startFaultProxy(target, (request) => {
    const actions = actionsOf(request)
    for (const action of actions) {
      used.set(action, (used.get(action) ?? 0) + 1)
      agents.set(action, `${request.headers['user-agent']}`)
    }
    // A request whose actions are unknown is denied too.
    const isAllowed = actions.length > 0 && actions.every((action) => allowed?.includes(action) ?? true)
    return isAllowed ? phaseOf(request) : 'denied'
  })
  const deny = () => proxy.inject('denied', 'refused for good')
  deny()
  return {
    endpoint: proxy.endpoint,
    used,
    agents,
    allowOnly(actions) {
      allowed = actions
    },
    async loseNext(phase) {
      proxy.inject(phase, 'request lost', 1)
      await proxy.struck()
      deny()
    },
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  }
}
