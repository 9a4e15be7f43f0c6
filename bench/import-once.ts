import { registerHooks } from 'node:module'

// The SDK and Middy are in every function alike: a stub of each leaves what the contender itself takes to load.
const NAMES = [
  'ConditionalCheckFailedException',
  'DeleteItemCommand',
  'DynamoDBClient',
  'GetItemCommand',
  'PutItemCommand',
  'ScanCommand',
  'TransactWriteItemsCommand',
  'UpdateItemCommand',
  'convertToAttr',
  'marshall',
  'unmarshall',
]
const stub = `export default function () {}; ${NAMES.map((name) => `export class ${name} {}`).join('; ')}`

registerHooks({
  resolve: (specifier, context, next) =>
    /^@(?:aws-sdk|smithy|middy)\//.test(specifier)
      ? { url: 'oncekey-bench:sdk', format: 'module', shortCircuit: true }
      : next(specifier, context),
  load: (url, context, next) =>
    url === 'oncekey-bench:sdk' ? { format: 'module', source: stub, shortCircuit: true } : next(url, context),
})

const [, , bare = '', file = ''] = process.argv
await import(bare)
const began = process.cpuUsage()
const beganMs = performance.now()
await import(file)
const tookMs = performance.now() - beganMs
const { user, system } = process.cpuUsage(began)
console.log(JSON.stringify({ tookMs, cpuMs: (user + system) / 1000 }))
