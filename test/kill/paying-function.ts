import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type IdempotentContext, idempotentHandler } from 'oncekey'
import { serveInvocations } from '../support/serve-invocations.ts'
import { type Moment, writeEntry } from './journal.ts'

const { TABLE = '', JOURNAL = '', ON_CRASH } = process.env

/** Time for a kill to fall between one moment and the next. */
const linger = (): Promise<void> => sleep(Math.random() * 40)

async function pay(_event: unknown, { idempotency }: IdempotentContext): Promise<object> {
  const run = randomUUID()
  const note = (moment: Moment): void =>
    writeEntry(JOURNAL, { moment, key: idempotency.key, run, pid: process.pid })
  note('began')
  await linger()
  note('effect')
  await linger()
  return { statusCode: 201, body: run }
}

serveInvocations(idempotentHandler(pay, TABLE, { onCrash: ON_CRASH === 'refuse' ? 'refuse' : 'rerun' }))
