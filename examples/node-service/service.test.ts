import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { createClient } from '@redis/client'
import { redisStore } from 'oncekey/redis'
import { charges } from './provider.ts'
import { createService } from './service.ts'

const client = createClient({ url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379' })
const service = createService(redisStore(client))

before(async () => {
  await client.connect()
  await once(service.listen(0, '127.0.0.1'), 'listening')
})

after(async () => {
  service.close()
  await client.close()
})

function post(key: string, amount: number): Promise<Response> {
  const { port } = service.address() as AddressInfo
  const headers = { 'idempotency-key': key }
  return fetch(`http://127.0.0.1:${port}/charges`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ amount }),
  })
}

test('ten requests at once charge once, and all get the charge', async () => {
  const responses = await Promise.all(Array.from({ length: 10 }, () => post('order-1', 1000)))
  const bodies = await Promise.all(responses.map((response) => response.text()))
  assert.equal(new Set(bodies).size, 1)
  assert.equal(charges.size, 1)
})

test('another amount under the same key is refused', async () => {
  assert.equal((await post('order-2', 1000)).status, 201)
  assert.equal((await post('order-2', 2000)).status, 422)
})
