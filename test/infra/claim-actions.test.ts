import { App, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { type Attempt, idempotentHandler, type RunOnceOptions, runOnce } from 'oncekey'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'
import { IdempotencyTable } from 'oncekey-cdk'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createClient, createTable } from '../support/tables.ts'
import { type IamGuard, startIamGuard } from './iam-guard.ts'

// The first synthesis loads most of aws-cdk-lib.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const PUT = 'dynamodb:PutItem'
const UPDATE = 'dynamodb:UpdateItem'
const GET = 'dynamodb:GetItem'

/** Returns the actions that `grantClaims` allows, from a template. */
function grantedActions(): string[] {
  const stack = new Stack(new App({ builtinCloudFormationValidation: false }), 'Stack')
  const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
  new IdempotencyTable(stack, 'Idempotency').grantClaims(role)
  const [policy] = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'))
  return policy?.Properties.PolicyDocument.Statement[0].Action
}

const large = Array.from({ length: 4_000 }, (_, n) => (n * 7_919) % 10_007)
const untilUsed = (action: `dynamodb:${string}`) => () =>
  vi.waitUntil(() => guard.used.has(`${action} on ${table}`), { timeout: 30_000, interval: 10 })

/** Makes requests with the common options. Ignores failures, which the outcomes report. */
type Use = (options: Options) => Promise<unknown>
type Options = RunOnceOptions & Required<Pick<RunOnceOptions, 'client' | 'onOutcome'>>
type Run = (attempt: Attempt) => unknown

const once = (run: Run, options: RunOnceOptions) => runOnce(table, options, run).catch(() => undefined)
const inTurn =
  (...runs: readonly Run[]): Use =>
  async (options) => {
    for (const run of runs) await once(run, options)
  }
/** Two requests at once: the one that claims runs until the other has read its record. */
const waiting: Use = (options) => {
  const patient = { ...options, inFlight: { waitMs: 2_000 } }
  return Promise.all([once(untilUsed(GET), patient), once(untilUsed(GET), patient)])
}
/** A request whose key is a ULID of the year 2016, older than any retention. */
const tooOld: Use = ({ client, onOutcome }) => {
  const handler = idempotentHandler(() => 1, table, { client, onOutcome, maxKeyAgeMs: 60_000 })
  return handler(httpApiEvent({ key: '01ARZ3NDEKTSV4RRFFQ69G5FAV' }), lambdaContext())
}

const uses: Record<string, Use> = {
  'a first request and its repeat': inTurn(
    () => 1,
    () => 2,
  ),
  'a run that fails, and the next one': inTurn(
    () => Promise.reject(new Error('declined')),
    () => 2,
  ),
  'a step': inTurn((attempt) => attempt.step('receipt', () => 'R-1')),
  'a large step, and the run that resumes after it': inTurn(
    async (attempt) => {
      await attempt.step('receipt', () => large)
      throw new Error('declined')
    },
    (attempt) => attempt.step('receipt', () => large),
  ),
  'a renewed lease': inTurn(untilUsed(UPDATE)),
  'a commit': inTurn((attempt) => attempt.commit('booked', [])),
  'a large result and its replay': inTurn(
    () => large,
    () => large,
  ),
  'a repeat that waits': waiting,
  'a key that is too old': tooOld,
}

const NEEDED: readonly (readonly [use: string, actions: readonly string[]])[] = [
  ['a first request and its repeat', [PUT, UPDATE]],
  ['a run that fails, and the next one', [PUT, UPDATE]],
  ['a step', [PUT, UPDATE]],
  ['a large step, and the run that resumes after it', [PUT, UPDATE, GET]],
  ['a renewed lease', [PUT, UPDATE]],
  ['a commit', [PUT, UPDATE]],
  ['a large result and its replay', [PUT, UPDATE, GET]],
  ['a repeat that waits', [PUT, UPDATE, GET]],
  ['a key that is too old', [GET]],
]

let guard: IamGuard
let table: string
beforeEach(async () => {
  const { name, endpoint } = await createTable()
  table = name
  guard = await startIamGuard(endpoint)
})
afterEach(() => guard[Symbol.asyncDispose]())

const on = (actions: readonly string[]) => actions.map((action) => `${action} on ${table}`)

/** Returns the store errors that the outcomes report. */
async function errorsOf(use: string): Promise<string[]> {
  const errors: string[] = []
  const options: Options = {
    service: 'shop',
    name: 'charge',
    key: 'order-1',
    leaseMs: 60_000,
    renewEveryMs: 20,
    client: createClient(guard.endpoint),
    onOutcome: ({ error }) => errors.push(`${error}`),
  }
  await uses[use]?.(options)
  return errors.filter((error) => error.includes('StoreUnavailableError'))
}

describe.each(NEEDED)('%s', (use, actions) => {
  test('needs nothing that grantClaims does not allow', async () => {
    guard.allowOnly(on(grantedActions()))
    expect(await errorsOf(use)).toEqual([])
    expect([...guard.used.keys()].sort()).toEqual(on(actions).sort())
  })

  test.each(actions)('needs %s, and the error names it', async (missing) => {
    guard.allowOnly(on(actions.filter((action) => action !== missing)))
    expect(await errorsOf(use)).toContainEqual(
      expect.stringContaining(`grant the function's role ${missing} on this table`),
    )
  })
})

test('grantClaims allows only what some use needs', () => {
  expect(grantedActions().sort()).toEqual([...new Set(NEEDED.flatMap(([, actions]) => actions))].sort())
})
