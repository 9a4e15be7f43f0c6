import { expect, test } from 'vitest'
import type { ProtectedRequest } from '../../packages/oncekey/src/core/request.ts'
import type { LoadedResult } from '../../packages/oncekey/src/core/result.ts'
import { createReplayCache } from '../../packages/oncekey/src/features/cache.ts'
import { valueResponder } from '../../packages/oncekey/src/sources/request.ts'

const NOW = 1_000
const LATER = 2_000
const request = (id: string, fingerprint = 'f'): ProtectedRequest => ({
  invocation: { event: {}, context: {}, service: 's', startedAtMs: NOW, deadlineMs: undefined },
  id,
  key: id,
  fingerprint,
  maxWaitMs: 0,
  responder: valueResponder,
  source: undefined,
})
const json = (text: string) => ({ kind: 'json', json: text }) as const
const record = { attempt: 1, createdAtMs: 0, completedAtMs: 500, expiresAtMs: LATER }
const stored = (result: LoadedResult) => ({ result, record })

test('a full cache forgets what was used longest ago, and holds no more than it may', () => {
  const cache = createReplayCache(2)
  cache.set(request('a'), stored(json('1')))
  cache.set(request('b'), stored(json('2')))
  expect(cache.get(request('a'), NOW)?.result).toEqual(json('1'))
  cache.set(request('c'), stored(json('3')))
  expect(['a', 'b', 'c'].map((id) => cache.get(request(id), NOW)?.result)).toEqual([
    json('1'),
    undefined,
    json('3'),
  ])
})

test('a result that is set again counts once, and as used', () => {
  const cache = createReplayCache(2)
  cache.set(request('a'), stored(json('1')))
  cache.set(request('b'), stored(json('2')))
  cache.set(request('a'), stored(json('4')))
  cache.set(request('c'), stored(json('3')))
  expect(['a', 'b', 'c'].map((id) => cache.get(request(id), NOW)?.result)).toEqual([
    json('4'),
    undefined,
    json('3'),
  ])
})

test('a result is found neither under another fingerprint nor from its expiry on', () => {
  const cache = createReplayCache(2)
  cache.set(request('a'), stored(json('1')))
  expect(cache.get(request('a', 'g'), NOW)).toBeUndefined()
  expect(cache.get(request('a'), LATER)).toBeUndefined()
  expect(cache.get(request('a'), LATER - 1)).toMatchObject(stored(json('1')))
})

/** As its text takes 2 bytes a character. */
const MB = 1024 * 1024
const large = (mebibytes: number) => json('x'.repeat((mebibytes * MB) / 2))
const names = ['a', 'b', 'c', 'd']

test('large results take no more than 32 MB together, however many they may be', () => {
  const cache = createReplayCache(500)
  const heldOf = (size: number) => {
    for (const name of names) cache.set(request(name), stored(large(size)))
    return names.filter((id) => cache.get(request(id), NOW) !== undefined)
  }
  expect(heldOf(8)).toEqual(['a', 'b', 'c', 'd'])
  expect(heldOf(10)).toEqual(['b', 'c', 'd'])
  expect(heldOf(16)).toEqual(['c', 'd'])
  expect(heldOf(1)).toEqual(['a', 'b', 'c', 'd'])
})

test('a result that is set again, or is forgotten for the number of results, takes no memory twice', () => {
  const cache = createReplayCache(2)
  for (let n = 0; n < 20; n += 1) {
    cache.set(request('a'), stored(large(16)))
    cache.set(request(`b${n}`), stored(large(16)))
    expect(cache.get(request('a'), NOW)).toBeDefined()
    expect(cache.get(request(`b${n}`), NOW)).toBeDefined()
  }
})

test('a result that is too large for the cache, or is none, leaves the others there', () => {
  const cache = createReplayCache(500)
  cache.set(request('a'), stored(large(16)))
  cache.set(request('b'), stored(json('x'.repeat((32 * MB) / 2 + 1))))
  cache.set(request('c'), stored({ kind: 'unavailable', reason: 'it is not JSON' }))
  cache.set(request('d'), stored(large(16)))
  expect(names.filter((id) => cache.get(request(id), NOW) !== undefined)).toEqual(['a', 'd'])
  cache.set(request('e'), stored(large(32)))
  expect(cache.get(request('e'), NOW)).toBeDefined()
})
