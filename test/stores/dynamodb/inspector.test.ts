import { beforeEach, describe, expect, it } from 'vitest'
import type { InFlightRecord } from '../../../packages/oncekey/src/core/record.ts'
import type { Store } from '../../../packages/oncekey/src/core/store.ts'
import { inspectTable, type TableInspector } from '../../../packages/oncekey/src/stores/dynamodb/inspector.ts'
import { dynamoDbStore } from '../../../packages/oncekey/src/stores/dynamodb/store.ts'
import { aClaim, aCompletion, limits } from '../../../packages/oncekey/src/testing/contract/records.ts'
import { createTable } from '../../support/tables.ts'

let store: Store
let records: TableInspector
let seen: InFlightRecord
beforeEach(async () => {
  const { name, client } = await createTable()
  store = dynamoDbStore(name, { client })
  records = inspectTable(name, client)
  seen = aClaim()
  await store.insert(seen, limits)
})

const stored = async () => (await records.find(seen.id)).record

/** What may happen to a record between the sight of it and an operator's "y". */
const changes: readonly (readonly [what: string, change: () => Promise<unknown>])[] = [
  [
    'was renewed',
    () => {
      const { leaseUntilMs: fromLeaseUntilMs, expiresAtMs } = seen
      const lease = { fromLeaseUntilMs, leaseUntilMs: fromLeaseUntilMs + 1, expiresAtMs }
      return store.renew(seen, lease, limits)
    },
  ],
  // With the very same lease: its owner alone tells it from the one that was seen.
  ['was taken over', () => store.takeover({ ...seen, owner: 'successor', attempt: 2 }, seen, limits)],
  ['was completed', () => store.complete(seen, aCompletion(), limits)],
]

describe('release', () => {
  it('ends the lease of the record that was seen, and deletes nothing', async () => {
    expect(await records.release(seen)).toEqual({ kind: 'written' })
    expect(await stored()).toEqual({ ...seen, leaseUntilMs: 0 })
  })

  it.each(changes)('does nothing to a record that %s since, and shows it', async (_what, change) => {
    await change()
    const before = await stored()
    expect(await records.release(seen)).toMatchObject({ kind: 'refused', record: before })
    expect(await stored()).toEqual(before)
  })

  it('does nothing where the record is gone', async () => {
    await records.forget(seen)
    expect(await records.release(seen)).toMatchObject({ kind: 'refused', record: undefined })
    expect(await stored()).toBeUndefined()
  })
})

describe('forget', () => {
  it('deletes the record that was seen', async () => {
    expect(await records.forget(seen)).toBe(true)
    expect(await stored()).toBeUndefined()
  })

  it.each(changes)('does nothing to a record that %s since', async (_what, change) => {
    await change()
    const before = await stored()
    expect(await records.forget(seen)).toBe(false)
    expect(await stored()).toEqual(before)
  })
})
