import { expect, test } from 'vitest'
import type { ProtectedRequest } from '../../packages/oncekey/src/core/request.ts'
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

test('a full cache forgets what was used longest ago, and holds no more than it may', () => {
  const cache = createReplayCache(2)
  cache.set(request('a'), json('1'), LATER)
  cache.set(request('b'), json('2'), LATER)
  expect(cache.get(request('a'), NOW)).toEqual(json('1'))
  cache.set(request('c'), json('3'), LATER)
  expect(['a', 'b', 'c'].map((id) => cache.get(request(id), NOW))).toEqual([json('1'), undefined, json('3')])
})

test('a result that is set again counts once, and as used', () => {
  const cache = createReplayCache(2)
  cache.set(request('a'), json('1'), LATER)
  cache.set(request('b'), json('2'), LATER)
  cache.set(request('a'), json('4'), LATER)
  cache.set(request('c'), json('3'), LATER)
  expect(['a', 'b', 'c'].map((id) => cache.get(request(id), NOW))).toEqual([json('4'), undefined, json('3')])
})

test('a result is found neither under another fingerprint nor from its expiry on', () => {
  const cache = createReplayCache(2)
  cache.set(request('a'), json('1'), LATER)
  expect(cache.get(request('a', 'g'), NOW)).toBeUndefined()
  expect(cache.get(request('a'), LATER)).toBeUndefined()
  expect(cache.get(request('a'), LATER - 1)).toEqual(json('1'))
})
