import { type Weight, weigh } from '../bundle.ts'
import { exactRow, type Row } from '../row.ts'

/** The code that protects a handler with Middy and a DynamoDB table. */
const LINES = {
  oncekey: "export { idempotent } from 'oncekey'",
  powertools: `
    export { IdempotencyConfig } from '@aws-lambda-powertools/idempotency'
    export { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb'
    export { makeHandlerIdempotent } from '@aws-lambda-powertools/idempotency/middleware'`,
} as const

const KIB = 1024

export async function measureWeight(): Promise<Row[]> {
  const ways = [
    { how: 'one file, without the SDK', splitting: false, goal: 48 },
    { how: 'loaded at import, the rest split off', splitting: true, goal: 20 },
  ]
  const rows: Row[] = []
  for (const { how, splitting, goal } of ways) {
    const ours = await weigh('oncekey', LINES.oncekey, splitting)
    const powertools = await weigh('powertools', LINES.powertools, splitting)
    rows.push(
      exactRow(
        {
          measure: `own weight, ${how}`,
          unit: 'KiB minified',
          note: `${(ours.gzipBytes / KIB).toFixed(1)} KiB gzip; the largest parts: ${ours.parts.slice(0, 8).map(describe).join(', ')}`,
        },
        { Oncekey: ours.bytes / KIB, Powertools: powertools.bytes / KIB },
        goal,
      ),
    )
  }
  return rows
}

const describe = ({ file, bytes }: Weight['parts'][number]): string =>
  `${file.replace(/^.*?(?:src|node_modules)\//, '')} ${bytes}`
