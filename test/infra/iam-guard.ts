import { type FaultProxy, type ProxiedRequest, startFaultProxy } from '../support/fault-proxy.ts'
import { type Phase, phaseOf } from '../support/protocol-phase.ts'

/** An action on a table, as IAM is asked for it: `dynamodb:PutItem on payments`. */
export type TableAction = `dynamodb:${string} on ${string}`

/** The members of a transaction are actions of their own to IAM. */
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
 * What a request to DynamoDB must be allowed. A transaction must be allowed what each of its writes would be by itself.
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

/** Counts what is asked of a DynamoDB, and can stand in for IAM where there is none. */
export interface IamGuard extends AsyncDisposable {
  readonly endpoint: string
  /** What was asked for, allowed or not, and how often. */
  readonly used: Map<TableAction, number>
  /** From now on, whatever needs anything else is answered with AccessDeniedException. */
  allowOnly(actions: readonly string[]): void
  /** Loses the next packet of that phase, and resolves when it came. */
  loseNext(phase: Phase): Promise<void>
}

export async function startIamGuard(target: string): Promise<IamGuard> {
  let allowed: readonly string[] | undefined
  const used = new Map<TableAction, number>()
  const proxy: FaultProxy<Phase | 'denied'> = await startFaultProxy(target, (request) => {
    const actions = actionsOf(request)
    for (const action of actions) used.set(action, (used.get(action) ?? 0) + 1)
    // A request of which nothing is known is denied too.
    const isAllowed = actions.length > 0 && actions.every((action) => allowed?.includes(action) ?? true)
    return isAllowed ? phaseOf(request) : 'denied'
  })
  const deny = () => proxy.inject('denied', 'refused for good')
  deny()
  return {
    endpoint: proxy.endpoint,
    used,
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
