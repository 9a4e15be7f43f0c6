import { runOnce } from 'oncekey'
import { expect, test } from 'vitest'
import { dynamoDbStore } from '../../../packages/oncekey/src/stores/dynamodb/store.ts'
import { aClaim, limits } from '../../../packages/oncekey/src/testing/contract/records.ts'
import { createTable } from '../../support/tables.ts'

// Of 3 bytes each: 255 characters are the longest name that `step` takes, and 250 steps are the most.
const names = Array.from({ length: 250 }, (_, n) => `${n}`.padEnd(255, '€'))

test('a record takes as many steps as a run may save, with the longest names, and completes', async () => {
  const { name: table, client } = await createTable()
  const options = { service: 'import', name: 'rows', key: 'file-1', client }
  let effects = 0
  const runAll = (end: () => string) =>
    runOnce(table, options, async ({ step }) => {
      for (const [n, name] of names.entries()) {
        const saved = await step(name, () => {
          effects += 1
          return `row ${n} was imported`
        })
        expect(saved).toBe(`row ${n} was imported`)
      }
      await expect(step('one more', () => (effects += 1))).rejects.toThrow(RangeError)
      return end()
    })
  const declined = runAll(() => {
    throw new Error('declined')
  })
  await expect(declined).rejects.toThrow('declined')
  expect(await runAll(() => 'imported')).toBe('imported')
  expect(await runAll(() => 'again')).toBe('imported')
  expect(effects).toBe(names.length)
})

test('a step that makes the record too large for DynamoDB says what to do', async () => {
  const { name: table, client } = await createTable()
  const store = dynamoDbStore(table, { client })
  const claim = aClaim()
  await store.insert(claim, limits)
  const save = (step: string) =>
    store.saveStep(claim, step, { kind: 'json', json: `"${'x'.repeat(250_000)}"` }, limits)
  await save('first')
  await expect(save('second')).rejects.toMatchObject({
    name: 'StoreUnavailableError',
    retryable: false,
    message: expect.stringContaining(
      'the record would exceed 400 KB; save fewer or smaller results in steps',
    ),
  })
})
