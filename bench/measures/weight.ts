import { type Weight, weigh } from '../bundle.ts'
import type { Row } from '../row.ts'
import { exactly } from '../stats.ts'

/** What a user writes to protect a handler with Middy and a DynamoDB table. */
export const LINES = {
  oncekey: "export { idempotent } from 'oncekey'",
  powertools: `
    export { IdempotencyConfig } from '@aws-lambda-powertools/idempotency'
    export { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb'
    export { makeHandlerIdempotent } from '@aws-lambda-powertools/idempotency/middleware'`,
  'node-idempotency': `
    export { Idempotency } from '@node-idempotency/core'
    export { MemoryStorageAdapter } from '@node-idempotency/storage-adapter-memory'`,
} as const

const GOAL_BYTES = 12 * 1024
const GOAL_GZIP_BYTES = 5 * 1024
const KIB = 1024

export async function measureWeight(): Promise<Row[]> {
  const ways = [
    { how: 'one file', splitting: false },
    { how: 'loaded at import, the rest split off', splitting: true },
  ]
  const rows: Row[] = []
  for (const { how, splitting } of ways) {
    const ours = await weigh('oncekey', LINES.oncekey, splitting)
    const powertools = await weigh('powertools', LINES.powertools, splitting)
    const node = await weigh('node-idempotency', LINES['node-idempotency'], splitting)
    const row = (unit: string, goalBytes: number, of: (weight: Weight) => number): Row => ({
      measure: `own weight, ${how}`,
      unit,
      goal: `≤ ${goalBytes / KIB}`,
      values: {
        Oncekey: exactly(of(ours) / KIB),
        Powertools: exactly(of(powertools) / KIB),
        'node-idempotency': exactly(of(node) / KIB),
      },
      isMet: of(ours) <= goalBytes,
      note: `the largest parts: ${ours.parts.slice(0, 8).map(describe).join(', ')}`,
    })
    rows.push(row('KiB minified', GOAL_BYTES, ({ bytes }) => bytes))
    rows.push(row('KiB gzip', GOAL_GZIP_BYTES, ({ gzipBytes }) => gzipBytes))
  }
  return rows
}

const describe = ({ file, bytes }: Weight['parts'][number]): string =>
  `${file.replace(/^.*?(?:src|node_modules)\//, '')} ${bytes}`
