import { idempotentHandler, type Outcome } from 'oncekey'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'
import { afterAll, expect, test } from 'vitest'
import { awsEnvironment } from '../../infra/local/lambda-environment.ts'
import { asAnswer } from '../support/answer.ts'
import { printTable } from '../support/print-table.ts'
import { createTable } from '../support/tables.ts'

const OTHERS = 5
const CREATED = { statusCode: 201, body: 'paid' }

const printed: Record<string, unknown>[] = []
afterAll(() => printTable(printed))

function block(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs)
}

const moments = [
  // Their claims have been sent, and the replies come during the block.
  { moment: 'at its start', restMs: 0, othersMs: 0 },
  // Their completions are on their way.
  { moment: 'while the others complete', restMs: 40, othersMs: 40 },
  { moment: 'while the others run', restMs: 20, othersMs: 100 },
]

test.each(
  moments.flatMap((moment) =>
    [2_500, 5_500].flatMap((blockMs) => [true, false].map((isWarm) => ({ ...moment, blockMs, isWarm }))),
  ),
)(
  'a handler that blocks the event loop for $blockMs ms, $moment, keeps no other from being stored (warm: $isWarm)',
  async ({ moment, blockMs, restMs, othersMs, isWarm }) => {
    const table = await createTable()
    Object.assign(process.env, awsEnvironment(table.endpoint))
    const outcomes: Outcome[] = []
    const handler = idempotentHandler(
      async (_event, { idempotency }) => {
        const isBlocker = idempotency.key === 'blocker'
        const afterMs = isBlocker ? restMs : othersMs
        if (afterMs > 0) await new Promise((resolve) => setTimeout(resolve, afterMs))
        if (isBlocker) block(blockMs)
        return CREATED
      },
      table.name,
      { onOutcome: ({ outcome }) => void outcomes.push(outcome) },
    )
    const send = async (key: string) => asAnswer(await handler(httpApiEvent({ key }), lambdaContext())).text
    const keys = ['blocker', ...Array.from({ length: OTHERS }, (_, n) => `other-${n}`)]
    if (isWarm) await Promise.all(keys.map((key) => send(`warm-${key}`)))
    outcomes.length = 0
    const answers = await Promise.all(keys.map(send))
    const seen = [...outcomes]
    printed.push({
      'blocks for': `${blockMs} ms`,
      moment,
      sockets: isWarm ? 'open' : 'new',
      ...Object.fromEntries(
        (['executed', 'store-unavailable', 'completion-failed'] as const).map((outcome) => [
          outcome,
          seen.filter((one) => one === outcome).length,
        ]),
      ),
      retries: (await Promise.all(keys.map(send))).filter((x) => x === '201 replayed').length,
    })
    expect.soft(answers).toEqual(keys.map(() => '201'))
    expect.soft(seen).toEqual(keys.map(() => 'executed'))
  },
)
