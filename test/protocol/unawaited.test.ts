import { expect, it } from 'vitest'
import { unawaited } from '../../packages/oncekey/src/protocol/unawaited.ts'

it.each([undefined, null, 'key', 7, {}, Promise.resolve('key')])(
  'what was given comes back as it is: %j',
  (given) => {
    expect(unawaited(given)).toBe(given)
  },
)

it('a promise that rejects is still one, and its rejection ends no process', async () => {
  const unheard: unknown[] = []
  const hear = (reason: unknown) => unheard.push(reason)
  process.on('unhandledRejection', hear)
  const rejected = unawaited(Promise.reject(new Error('away')))
  await new Promise(setImmediate)
  process.off('unhandledRejection', hear)

  expect(unheard).toEqual([])
  await expect(rejected).rejects.toThrow('away')
})

it('work that begins only when it is awaited is not begun', async () => {
  let begun = 0
  // biome-ignore lint/suspicious/noThenProperty: it is a thenable
  const query = { then: () => (begun += 1) }
  unawaited(query)
  await new Promise(setImmediate)
  expect(begun).toBe(0)
})
