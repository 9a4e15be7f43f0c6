import { describe, expect, test } from 'vitest'
import { weigh } from '../../bench/bundle.ts'

const LINES = "export { idempotent } from 'oncekey'"
const KIB = 1024

// What it weighs today, and a little for what is to come: who needs more says so here, and why.
describe('`idempotent` with its DynamoDB store', () => {
  test('weighs no more than its budget as one file', async () => {
    const { bytes, gzipBytes } = await weigh('budget', LINES, false)
    expect(bytes).toBeLessThan(113 * KIB)
    expect(gzipBytes).toBeLessThan(42 * KIB)
  })

  test('loads no more than its budget, where the bundler splits', async () => {
    const { bytes, gzipBytes } = await weigh('budget', LINES, true)
    expect(bytes).toBeLessThan(82 * KIB)
    expect(gzipBytes).toBeLessThan(35 * KIB)
  })

  test('loads chunks, steps, commits, the cache, the warm-up, hints, other events and other refusals only when needed', async () => {
    const { parts } = await weigh('budget', LINES, true)
    const files = parts.map(({ file }) => file)
    expect(files).toContainEqual(expect.stringContaining('core/protect.ts'))
    expect(
      files.filter((file) =>
        /features\/|chunks|hints|lru|dynamodb\/(commit|transaction)|sources\/(single|services|websocket|appsync|bedrock|refused|records|http\/refusal)/.test(
          file,
        ),
      ),
    ).toEqual([])
  })

  // A bundler moves the static imports of lazy modules to the top of a single file: they would be loaded at once.
  test.each([
    ['as one file', false],
    ['where the bundler splits', true],
  ])('imports neither the SDK nor what is slow to load of Node, %s', async (_, splitting) => {
    const { imports } = await weigh('budget', LINES, splitting)
    expect(imports).toEqual([
      'node:buffer',
      'node:crypto',
      'node:diagnostics_channel',
      'node:timers/promises',
    ])
  })
})
