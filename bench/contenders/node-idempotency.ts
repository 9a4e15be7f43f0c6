import { Idempotency } from '@node-idempotency/core'
import { MemoryStorageAdapter } from '@node-idempotency/storage-adapter-memory'
import type { Protect } from './contender.ts'

/** It has no store in DynamoDB: its own memory store stands in, which is less work than any table. */
export const protect: Protect = (work) => {
  const idempotency = new Idempotency(new MemoryStorageAdapter(), { enforceIdempotency: true })
  return async (event, context) => {
    const request = {
      // It looks for the header with the case of its own constant.
      headers: { ...event.headers, 'Idempotency-Key': event.headers['idempotency-key'] },
      path: event.rawPath,
      method: event.requestContext.http.method,
      body: event.body,
    }
    const stored = await idempotency.onRequest(request)
    if (stored !== undefined) return stored.body
    const body = await work(event, context)
    await idempotency.onResponse(request, { body })
    return body
  }
}
