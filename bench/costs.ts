import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { lambdaContext } from 'oncekey/testing'
import { type Billed, createMeter } from '../test/budgets/meter.ts'
import type { Protect, Work } from './contenders/contender.ts'
import { SMALL_ANSWER } from './contenders/work.ts'
import { listAnswer, request } from './requests.ts'
import type { Costs, Task } from './task.ts'

/** Returns what a new request and its replay cost, with an answer of this size. */
export async function measureCosts(
  protect: Protect,
  { answerBytes, answerKind, endpoint, table }: Task<'units'>,
): Promise<Costs> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials })
  const meter = createMeter(client)
  const answer = answerBytes === 0 ? SMALL_ANSWER : listAnswer(answerBytes, answerKind)
  let runs = 0
  const work: Work = async () => {
    runs++
    return answer
  }
  const handler = protect(work, table, client)
  const event = request()
  /** The body is `undefined` if the call failed: a result that is too large is one that cannot be stored. */
  const take = async (): Promise<{ readonly billed: readonly Billed[]; readonly body: unknown }> => {
    const response = await handler(structuredClone(event), lambdaContext()).catch(() => undefined)
    return { billed: meter.take(), body: Object(response).body }
  }
  const fresh = await take()
  const replay = await take()
  const isReplayed = runs === 1 && replay.body === answer.body
  return { fresh: fresh.billed, replay: replay.billed, isReplayed }
}
