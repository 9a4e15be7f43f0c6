import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Fault, FaultProxy } from '../support/fault-proxy.ts'
import { printTable } from '../support/print-table.ts'
import type { SandboxProcess } from '../support/sandbox-process.ts'
import { type DemoTrial, startDemoTrial, type World } from './demo-trial.ts'

/** The awaits of the demo's handler, in their order, from the claim to the commit. */
const awaits = [
  { at: 'insert', of: 'dynamoDb' },
  { at: 'charge', of: 'provider' },
  { at: 'receipt', of: 'provider' },
  { at: 'save step', of: 'dynamoDb' },
  { at: 'commit', of: 'dynamoDb' },
] as const

/** What the killed process's last packet comes to. */
const packets = [
  { packet: 'is never sent', fault: 'request lost' },
  { packet: 'arrives', fault: 'reply lost' },
  { packet: 'arrives before the retry', fault: 'delayed past the time-out' },
  { packet: 'arrives after the retry', fault: 'delayed past the time-out' },
] as const satisfies readonly { packet: string; fault: Fault }[]

const TIMEOUT_MS = 60_000

type At = (typeof awaits)[number]['at']
type Packet = (typeof packets)[number]['packet']

interface Sequel extends World {
  readonly 'retry at once': string
  readonly 'retry after the lease': string
  readonly 'one more': string
}

/** Once each: the wallet, the ledger, the card. A receipt too, unless the kill came between its taking and its saving. */
function expected(at: At, packet: Packet): Sequel {
  const isThere = packet === 'arrives' || packet === 'arrives before the retry'
  const isTakenTwice = (at === 'receipt' && packet !== 'is never sent') || (at === 'save step' && !isThere)
  const sequel = {
    'retry at once': '409',
    'retry after the lease': '201',
    'one more': '201 replayed',
    moved: 1,
    booked: 1,
    charges: 1,
    receipts: isTakenTwice ? 2 : 1,
  }
  if (at === 'insert' && !isThere)
    return { ...sequel, 'retry at once': '201', 'retry after the lease': '201 replayed' }
  if (at === 'commit' && isThere) {
    return { ...sequel, 'retry at once': '201 replayed', 'retry after the lease': '201 replayed' }
  }
  return sequel
}

const rows: Record<string, unknown>[] = []
let trial: DemoTrial
let survivor: SandboxProcess

beforeAll(async () => {
  trial = await startDemoTrial()
  survivor = await trial.start()
}, TIMEOUT_MS)

afterAll(async () => {
  printTable(rows)
  await trial[Symbol.asyncDispose]()
})

for (const { at, of } of awaits) {
  for (const { packet, fault } of packets) {
    test(`killed at: ${at}, whose packet ${packet}`, { timeout: TIMEOUT_MS }, async () => {
      const proxy: FaultProxy<string> = trial[of]
      const payment = trial.openPayment(`${at}, ${packet}`.replaceAll(/\W+/g, '-'))
      const doomed = await trial.start()
      proxy.inject(at, fault, 1)
      const killed = payment.send(doomed)
      killed.catch(() => undefined)
      await Promise.race([proxy.struck(), killed])
      await doomed.kill()
      await expect(killed).rejects.toThrow('has ended')
      proxy.heal()

      if (packet !== 'arrives after the retry') await proxy.deliverHeld()
      const atOnce = await payment.send(survivor)
      await payment.lapseLease()
      const afterwards = await payment.send(survivor)
      await proxy.deliverHeld()
      const sequel: Sequel = {
        'retry at once': atOnce,
        'retry after the lease': afterwards,
        'one more': await payment.send(survivor),
        ...(await payment.world()),
      }
      rows.push({ 'killed at': at, 'its packet': packet, ...sequel })
      expect(sequel).toEqual(expected(at, packet))
    })
  }
}
