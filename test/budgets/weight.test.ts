import { describe, expect, test } from 'vitest'
import { weigh } from '../../bench/bundle.ts'

const LINES = "export { idempotent } from 'oncekey'"
const KIB = 1024

// What it weighs today, and a little for what is to come: who needs more says so here, and why.
describe('`idempotent` with its DynamoDB store', () => {
  test('weighs no more than its budget as one file', async () => {
    const { bytes, gzipBytes } = await weigh('budget', LINES, false)
    expect(bytes).toBeLessThan(70 * KIB)
    expect(gzipBytes).toBeLessThan(27 * KIB)
  })

  test('loads no more than its budget, where the bundler splits', async () => {
    const { bytes, gzipBytes } = await weigh('budget', LINES, true)
    expect(bytes).toBeLessThan(58 * KIB)
    expect(gzipBytes).toBeLessThan(25 * KIB)
  })

  test('loads chunks, steps, commits, the cache and the reading of other events only when they are needed', async () => {
    const { parts } = await weigh('budget', LINES, true)
    const files = parts.map(({ file }) => file)
    expect(files).toContainEqual(expect.stringContaining('core/protect.ts'))
    expect(
      files.filter((file) =>
        /features\/|chunks|lru|dynamodb\/(commit|transaction)|sources\/single/.test(file),
      ),
    ).toEqual([])
  })

  test('loads nothing of the SDK but the client, and nothing of Node that is slow to load', async () => {
    const { imports } = await weigh('budget', LINES, true)
    expect(imports).toEqual([
      '@aws-sdk/client-dynamodb',
      'node:buffer',
      'node:crypto',
      'node:diagnostics_channel',
      'node:timers/promises',
    ])
  })
})
