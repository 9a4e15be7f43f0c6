import { randomUUID } from 'node:crypto'
import { readPort } from './ports.ts'
import { startLocal } from './start-local.ts'

// `npm start`: runs the payments stack until it gets SIGINT or SIGTERM, or its terminal is closed.
process.once('SIGINT', stop).once('SIGTERM', stop).once('SIGHUP', stop)

let stopping = false
console.log('Starting DynamoDB Local and bundling the function …')
const running = Promise.resolve()
  .then(() => readPort(process.env.PORT))
  .then((port) => startLocal({ port, onLog }))

try {
  const { url } = await running
  if (!stopping) console.log(introduce(url))
} catch (error) {
  // Ctrl-C in a terminal also ends what is being started, which then fails for no other reason.
  if (!stopping) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}

function introduce(url: string): string {
  const pay = `curl -i ${url}/payments -H 'Content-Type: application/json' -H 'Idempotency-Key: ${randomUUID()}' -d '{"amount":1000,"currency":"EUR","customer":"u1"}'`
  return `The payments API listens on ${url}. Press Ctrl-C to stop it.

Open that address in a browser to see how retries are handled. Or use curl:

Pay, and pay again with the same key. The second response is a replay of the first:

${pay}

${pay}

The ledger holds one payment:

curl ${url}/payments
`
}

/** Prints a line of the function's log, unless it is a metric for CloudWatch. */
function onLog(line: string): void {
  if (!line.startsWith('{"_aws"')) console.log(line)
}

function stop(): void {
  if (stopping) return
  stopping = true
  console.log('Stopping …')
  // The stack may still be starting. If it fails to start, it has stopped by itself.
  running
    .then(
      (stack) => stack.stop(),
      () => {},
    )
    .then(
      () => process.exit(),
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      },
    )
}
