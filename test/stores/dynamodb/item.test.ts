import { randomUUID } from 'node:crypto'
import { GetItemCommand } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { describe, expect, test } from 'vitest'
import type { InFlightRecord } from '../../../packages/oncekey/src/core/record.ts'
import type { StoredResult } from '../../../packages/oncekey/src/core/result.ts'
import type { Store } from '../../../packages/oncekey/src/core/store.ts'
import { encodeRecord } from '../../../packages/oncekey/src/stores/codec.ts'
import { toItem } from '../../../packages/oncekey/src/stores/dynamodb/item.ts'
import { dynamoDbStore } from '../../../packages/oncekey/src/stores/dynamodb/store.ts'
import {
  aClaim,
  aCompletion,
  limits,
  results,
  T0,
} from '../../../packages/oncekey/src/testing/contract/records.ts'
import { createTable } from '../../support/tables.ts'

const { bytes } = results.compressed

/** Each kind of result, as DynamoDB holds it. */
const values = {
  json: { S: '{"paid":true}' },
  compressed: { M: { br: { B: Uint8Array.from(bytes) }, size: { N: '13' } } },
  chunked: {
    M: {
      chunks: { N: '2' },
      ref: { S: 'owner#name' },
      encoding: { S: 'br' },
      size: { N: '9000' },
      checksum: { S: 'of-the-bytes' },
    },
  },
  undefined: { M: { undefined: { BOOL: true } } },
  unavailable: { M: { unavailable: { S: 'it is not JSON' }, status: { N: '201' } } },
}

/** The item of a claim after what was done to it. */
async function itemAfter(claim: InFlightRecord, write: (store: Store) => Promise<unknown> | undefined) {
  const { name, client } = await createTable()
  const store = dynamoDbStore(name, { client })
  await store.insert(claim, limits)
  await write(store)
  const Key = { id: { S: claim.id } }
  return (await client.send(new GetItemCommand({ TableName: name, Key, ConsistentRead: true }))).Item
}

const claim = aClaim()
const facts = {
  id: { S: claim.id },
  v: { N: '1' },
  owner: { S: claim.owner },
  attempt: { N: '1' },
  fingerprint: { S: 'jcs:q1w2e3' },
  createdAtMs: { N: '4102444800000' },
}
const inFlight = {
  ...facts,
  status: { S: 'in-flight' },
  leaseUntilMs: { N: '4102444830000' },
  expiresAt: { N: '4102448400' },
}
const completed = {
  ...facts,
  status: { S: 'completed' },
  leaseUntilMs: { N: '0' },
  completedAtMs: { N: '4102444801000' },
  expiresAt: { N: '4102452000' },
}
const asSeen = { owner: claim.owner, leaseUntilMs: claim.leaseUntilMs }

describe('the item of a record, exactly as DynamoDB holds it,', () => {
  test('that was claimed', async () => {
    expect(await itemAfter(claim, () => undefined)).toEqual(inFlight)
  })

  test('that is not to run again after a crash', async () => {
    const refusing = aClaim({ ...claim, onCrash: 'refuse' })
    expect(await itemAfter(refusing, () => undefined)).toEqual({ ...inFlight, onCrash: { S: 'refuse' } })
  })

  test('that was released', async () => {
    const item = await itemAfter(claim, (store) => store.release(claim, limits))
    expect(item).toEqual({ ...inFlight, leaseUntilMs: { N: '0' } })
  })

  test('that was renewed', async () => {
    const change = {
      fromLeaseUntilMs: claim.leaseUntilMs,
      leaseUntilMs: T0 + 60_000,
      expiresAtMs: T0 + 90_000,
    }
    const item = await itemAfter(claim, (store) => store.renew(claim, change, limits))
    expect(item).toEqual({
      ...inFlight,
      leaseUntilMs: { N: '4102444860000' },
      expiresAt: { N: '4102444890' },
    })
  })

  test('that has steps: one flat attribute for each', async () => {
    const item = await itemAfter(claim, async (store) => {
      for (const [name, result] of Object.entries(results)) await store.saveStep(claim, name, result, limits)
    })
    const steps = Object.entries(values).map(([name, value]) => [`step:${name}`, value] as const)
    expect(item).toEqual({ ...inFlight, ...Object.fromEntries(steps) })
  })

  test('that was taken over with its steps', async () => {
    const successor = { ...claim, owner: 'successor', attempt: 2, onCrash: 'refuse', createdAtMs: 7 } as const
    const item = await itemAfter(claim, async (store) => {
      await store.saveStep(claim, 'charge', results.json, limits)
      await store.takeover(successor, asSeen, limits)
    })
    const changed = {
      owner: { S: 'successor' },
      attempt: { N: '2' },
      onCrash: { S: 'refuse' },
      takenOverAtMs: { N: '7' },
    }
    expect(item).toEqual({ ...inFlight, ...changed, 'step:charge': values.json })
  })

  test.each<[string, StoredResult, object]>([
    ['JSON', results.json, values.json],
    ['compressed JSON', results.compressed, values.compressed],
    ['JSON in chunks', results.chunked, values.chunked],
    ['undefined', results.undefined, values.undefined],
    ['no result', results.unavailable, values.unavailable],
  ])('that was completed with %s and has no steps any more', async (_, result, value) => {
    const item = await itemAfter(claim, async (store) => {
      await store.saveStep(claim, 'charge', results.json, limits)
      await store.complete(claim, aCompletion({ result, steps: ['charge'] }), limits)
    })
    expect(item).toEqual({ ...completed, result: value })
  })

  test('that was committed', async () => {
    const completion = { ...aCompletion({ steps: ['charge'] }), commitToken: randomUUID() }
    const item = await itemAfter(claim, async (store) => {
      await store.saveStep(claim, 'charge', results.json, limits)
      await store.commit?.(claim, completion, [], limits)
    })
    expect(item).toEqual({ ...completed, result: values.json, commitToken: { S: completion.commitToken } })
  })
})

test('an item is what util-dynamodb makes of the same attributes', () => {
  const attributes = encodeRecord({ ...claim, steps: new Map(Object.entries(results)) })
  expect(toItem(attributes)).toEqual(marshall(attributes))
})
