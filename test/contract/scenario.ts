import { dynamoDbStore, type IdempotencyOptions, type OutcomeEvent } from 'oncekey'
import { lambdaContext, type RequestFacts } from 'oncekey/testing'
import { eventSources } from '../../packages/oncekey/src/testing/http-events.ts'
import { type Delivered, deliver } from '../sources/http/delivered.ts'
import { type FrontDoor, frontDoors } from '../support/front-doors.ts'
import type { Work } from '../support/middies.ts'
import { createTable, type TestTable } from '../support/tables.ts'

type Source = (typeof eventSources)[number]

export const KEY = '8e03978e-40d5-43e8-bc93-6894a57f9324'

/** Every event source behind every front door: the contract is the same for all of them. */
export const entrances = frontDoors.flatMap((door) =>
  eventSources.map((source) => ({
    entrance: `${door.door}, ${source.source}`,
    door,
    source,
    shape: source.shape,
  })),
)
export type Entrance = (typeof entrances)[number]

/** One entrance of each kind, for what does not depend on how the two combine. */
export const eachDoorOnce = entrances.filter((_, at) => at % (eventSources.length + 1) === 0)

/** A protected payments API, and what can be seen of it from outside. */
export interface Scenario {
  readonly table: TestTable
  readonly outcomes: readonly OutcomeEvent[]
  /** How often the handler has run. */
  runs(): number
  /** Sends one request; the key is `KEY` unless said. The answer is as the client gets it. */
  send(facts?: RequestFacts): Promise<Answer>
  /** The same function again, as another instance of it would run. */
  instance(options?: IdempotencyOptions): Pick<Scenario, 'send'>
}

export interface Answer extends Delivered {
  readonly isReplay: boolean
  readonly title: string | undefined
  readonly code: string | undefined
  header(name: string): string | undefined
}

export async function scenario(
  { door, source, shape }: { door: FrontDoor; source: Source; shape: Entrance['shape'] },
  options: IdempotencyOptions = {},
  work: Work = () => ({ statusCode: 201, body: '{"id":"p_1"}' }),
): Promise<Scenario> {
  const table = await createTable()
  const outcomes: OutcomeEvent[] = []
  let runs = 0

  const instance = (changes: IdempotencyOptions = {}): Pick<Scenario, 'send'> => {
    const handler = door.protect(
      (event, context) => {
        runs += 1
        return work(event, context)
      },
      dynamoDbStore(table.name, { client: table.client }),
      { onOutcome: (outcome) => outcomes.push(outcome), ...options, ...changes },
    )
    return {
      async send(facts = {}) {
        const event = source.build({ key: KEY, ...facts })
        return answerOf(deliver(shape, await handler(event, lambdaContext())))
      },
    }
  }
  return { table, outcomes, runs: () => runs, instance, ...instance() }
}

export function answerOf(delivered: Delivered): Answer {
  const header = (name: string): string | undefined => {
    const start = `${name.toLowerCase()}: `
    return delivered.headers.find((line) => line.startsWith(start))?.slice(start.length)
  }
  const isProblem = header('content-type')?.startsWith('application/problem+json') === true
  const problem: { title?: string; code?: string } = isProblem ? JSON.parse(delivered.body) : {}
  return {
    ...delivered,
    header,
    isReplay: header('idempotent-replayed') === 'true',
    title: problem.title,
    code: problem.code,
  }
}
