import { test } from 'vitest'
import { printTable } from '../support/print-table.ts'
import { overload } from './overload.ts'

test('of 10,000 new keys at once in one process, each runs at once or when it is sent again', {
  timeout: 600_000,
}, async () => {
  printTable([await overload({ keys: 10_000 })])
})
