import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { createSeenKeys, idOf } from '../../infra/local/demo/seen-keys.ts'
import { readWishes } from '../../infra/local/demo/wishes.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

function request(headers: Readonly<Record<string, string>>) {
  return {
    method: 'POST',
    target: '/payments',
    httpVersion: '1.1',
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    body: Buffer.alloc(0),
    sourceIp: '127.0.0.1',
  }
}

describe('the faults of the demo', () => {
  test('are no part of the function that is deployed', () => {
    const { metafile } = buildSync({
      absWorkingDir: root,
      entryPoints: ['infra/payments/handler.ts'],
      conditions: ['oncekey-source', 'module'],
      platform: 'node',
      format: 'esm',
      bundle: true,
      write: false,
      metafile: true,
    })
    const inputs = Object.keys(metafile.inputs)
    expect(inputs).toContain('infra/payments/create-payment.ts')
    expect(inputs.filter((input) => /^infra\/(local|page)\//.test(input))).toEqual([])
  })

  test('are nothing unless they are asked for', () => {
    expect(readWishes(request({ 'idempotency-key': 'k' }))).toEqual({ isUnprotected: false })
  })

  test('are what the headers ask for', () => {
    const headers = { 'x-demo-fault': 'crash', 'x-demo-user': 'Ben', 'x-demo-protection': 'off' }
    expect(readWishes(request(headers))).toEqual({ fault: 'crash', user: 'Ben', isUnprotected: true })
    expect(readWishes(request({ 'x-demo-fault': 'lose-reply', 'x-demo-protection': 'on' }))).toEqual({
      fault: 'lose-reply',
      isUnprotected: false,
    })
  })

  test.each([
    ['X-Demo-Fault', 'explode', 'Expected X-Demo-Fault to be lose-reply or crash, got "explode".'],
    ['X-Demo-Protection', 'no', 'Expected X-Demo-Protection to be on or off, got "no".'],
  ])('are refused in words: %s: %s', (name, value, words) => {
    expect(readWishes(request({ [name.toLowerCase()]: value }))).toBe(words)
  })
})

describe('the keys that the demo has seen', () => {
  test('are forgotten, the oldest first, before they are too many', () => {
    const keys = createSeenKeys(2)
    const all = ['first', 'second', 'third'].map((key) => ({ key }))
    for (const one of all) keys.remember(one)
    expect(all.map((one) => keys.find(idOf(one))?.key)).toEqual([undefined, 'second', 'third'])
  })
})
