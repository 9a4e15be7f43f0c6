import { expect, test } from 'vitest'
import { createReplayCache } from '../../packages/oncekey/src/replay-cache.ts'

const NOW = 1_000
const LATER = 2_000
const intent = (id: string, fingerprint = 'f') => ({ id, key: id, fingerprint })

test('a full cache forgets what was used longest ago, and holds no more than it may', () => {
  const cache = createReplayCache(2)
  cache.set(intent('a'), '1', LATER)
  cache.set(intent('b'), '2', LATER)
  expect(cache.get(intent('a'), NOW)).toMatchObject({ json: '1' })
  cache.set(intent('c'), '3', LATER)
  expect(['a', 'b', 'c'].map((id) => cache.get(intent(id), NOW)?.json)).toEqual(['1', undefined, '3'])
})

test('a result that is set again counts once, and as used', () => {
  const cache = createReplayCache(2)
  cache.set(intent('a'), '1', LATER)
  cache.set(intent('b'), '2', LATER)
  cache.set(intent('a'), '4', LATER)
  cache.set(intent('c'), '3', LATER)
  expect(['a', 'b', 'c'].map((id) => cache.get(intent(id), NOW)?.json)).toEqual(['4', undefined, '3'])
})

test('a result is found neither under another fingerprint nor from its expiry on', () => {
  const cache = createReplayCache(2)
  cache.set(intent('a'), '1', LATER)
  expect(cache.get(intent('a', 'g'), NOW)).toBeUndefined()
  expect(cache.get(intent('a'), LATER)).toBeUndefined()
  expect(cache.get(intent('a'), LATER - 1)).toMatchObject({ json: '1' })
})
