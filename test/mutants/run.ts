import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { startDynamoDbLocal } from '../../infra/local/dynamodb-local.ts'

// One DynamoDB for all of Stryker's workers: otherwise each would start its own. Arguments go to Stryker.
const { endpoint, stop } = await startDynamoDbLocal()
try {
  const stryker = spawn('stryker', ['run', ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, DYNAMODB_ENDPOINT: endpoint },
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stryker.kill(signal))
  const [code] = await once(stryker, 'exit')
  process.exitCode = code ?? 1
} finally {
  await stop()
}
