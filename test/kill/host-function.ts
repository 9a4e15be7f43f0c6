import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type IdempotentContext, idempotentHandler } from 'oncekey'
import { serveInvocations } from '../support/serve-invocations.ts'
import { type Moment, writeEntry } from './journal.ts'

const { TABLE = '', JOURNAL = '', LEASE_MS } = process.env

/** Time for a signal to fall between one moment and the next. */
const linger = (): Promise<void> => sleep(Math.random() * 150)

/** Charges in a step, or in a transaction: what a run that lost its claim can notice. */
async function pay(_event: unknown, { idempotency }: IdempotentContext): Promise<object> {
  const { key } = idempotency
  const run = randomUUID()
  const note = (moment: Moment): void =>
    writeEntry(JOURNAL, { moment, key, run, pid: process.pid, atMs: Date.now() })
  const answer = { statusCode: 201, body: run }
  note('began')
  await linger()
  if (key.startsWith('commit')) {
    const Update = {
      TableName: TABLE,
      Key: { id: `wallet of ${key}` },
      UpdateExpression: 'ADD moves :one',
      ExpressionAttributeValues: { ':one': 1 },
    }
    return await idempotency.commit(answer, [{ Update }])
  }
  await idempotency.step('charge', () => {
    note('effect')
    return linger()
  })
  await linger()
  return answer
}

const lease = LEASE_MS === undefined ? {} : { leaseMs: Number(LEASE_MS) }
serveInvocations(idempotentHandler(pay, TABLE, lease))
