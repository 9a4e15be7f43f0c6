import { readRequest } from '../../../packages/oncekey/src/sources/http/request.ts'
import { batchSourceOf } from '../../../packages/oncekey/src/sources/records.ts'
import { SINGLE_SOURCES } from '../../../packages/oncekey/src/sources/single.ts'

const recognizers = SINGLE_SOURCES.map(({ id, create }) => ({ id, identify: create({ key: () => 'k' }) }))

/** Returns the id of the source that the library takes an event for. */
export function recognize(event: unknown): string {
  const shape = readRequest(event)?.shape
  if (shape !== undefined) return shape
  const invocation = { event, context: {}, service: 'corpus', startedAtMs: 0, deadlineMs: undefined }
  const found = recognizers.find(({ identify }) => {
    try {
      return identify(invocation) !== undefined
    } catch {
      return true
    }
  })
  return found?.id === 'batch' ? (batchSourceOf(event) ?? 'batch') : (found?.id ?? 'none')
}
