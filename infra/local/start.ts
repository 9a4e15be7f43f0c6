import { randomUUID } from 'node:crypto'
import { readPort } from './port.ts'
import { startLocal } from './start-local.ts'

// `npm start`: runs the payments stack until it is told to end.
process.once('SIGINT', end).once('SIGTERM', end)

let stopping = false
const running = Promise.resolve()
  .then(() => readPort(process.env.PORT))
  .then((port) => startLocal({ port, onLog }))

try {
  const { url } = await running
  const pay = `curl -i ${url}/payments -H 'Content-Type: application/json' -H 'Idempotency-Key: ${randomUUID()}' -d '{"amount":1000,"currency":"EUR","customer":"u1"}'`
  console.log(`The payments API listens on ${url}. Ctrl-C ends it.

Open that address in a browser to see what becomes of a retry. Or, with curl:

Pay, and pay again with the same key. The second answer is the first one, replayed:

${pay}

${pay}

The ledger holds one payment:

curl ${url}/payments
`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

/** Metrics are for CloudWatch, not for the reader of a terminal. */
function onLog(line: string): void {
  if (!line.startsWith('{"_aws"')) console.log(line)
}

function end(): void {
  if (stopping) return
  stopping = true
  // It may still be starting; what failed to start has stopped itself.
  running
    .then((stack) => stack.stop())
    .then(
      () => process.exit(),
      () => process.exit(1),
    )
}
