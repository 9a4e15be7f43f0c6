import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { readDemoHeaders } from '../../infra/local/demo/faults.ts'
import { createSeenKeys, seenRecordId } from '../../infra/local/demo/state.ts'

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
  test('are not part of the deployed function', () => {
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

  test('are off by default', () => {
    expect(readDemoHeaders(request({ 'idempotency-key': 'k' }))).toEqual({ isUnprotected: false })
  })

  test('are set by headers', () => {
    const headers = { 'x-demo-fault': 'crash', 'x-demo-user': 'Ben', 'x-demo-protection': 'off' }
    expect(readDemoHeaders(request(headers))).toEqual({ fault: 'crash', user: 'Ben', isUnprotected: true })
    expect(readDemoHeaders(request({ 'x-demo-fault': 'lose-reply', 'x-demo-protection': 'on' }))).toEqual({
      fault: 'lose-reply',
      isUnprotected: false,
    })
  })

  test.each([
    ['X-Demo-Fault', 'explode', 'Expected X-Demo-Fault to be lose-reply or crash, got "explode".'],
    ['X-Demo-Protection', 'no', 'Expected X-Demo-Protection to be on or off, got "no".'],
  ])('reject an invalid header: %s: %s', (name, value, words) => {
    expect(readDemoHeaders(request({ [name.toLowerCase()]: value }))).toBe(words)
  })
})

describe('the keys seen by the demo', () => {
  test('are limited in number: the oldest are forgotten', () => {
    const keys = createSeenKeys(2)
    const all = ['first', 'second', 'third'].map((key) => ({ key }))
    for (const one of all) keys.remember(one)
    expect(all.map((one) => keys.find(seenRecordId(one))?.key)).toEqual([undefined, 'second', 'third'])
  })
})
