import { readFileSync } from 'node:fs'
import type { Outcome } from 'oncekey'
import { expect, test } from 'vitest'

const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')

/** Returns the cells of the table whose header starts like this. */
function rowsUnder(header: string): string[][] {
  const [, table = ''] = page.split(`\n${header}`)
  const [, , ...lines] = table.split('\n\n')[0]?.split('\n') ?? []
  return lines.map((line) => line.split('|').map((cell) => cell.trim()))
}

test('docs/operations.md explains every outcome', () => {
  const outcomes: Record<Outcome, true> = {
    executed: true,
    replayed: true,
    released: true,
    'in-flight': true,
    mismatch: true,
    missing: true,
    invalid: true,
    superseded: true,
    'completion-failed': true,
    'replay-unavailable': true,
    'outcome-unknown': true,
    unreadable: true,
    'store-unavailable': true,
    skipped: true,
  }
  const named = rowsUnder('| outcome |').flatMap(([, first = '']) => first.match(/(?<=`)[a-z-]+(?=`)/g) ?? [])
  expect(named.sort()).toEqual([...Object.keys(outcomes), 'errors', 'takeover'].sort())
})

test('the prices in docs/operations.md match the units next to them', () => {
  const [, perWrite, perRead] =
    /(\S+) dollars a million write request units, (\S+) a million read request units/.exec(page) ?? []
  const rows = rowsUnder('| request | write units | read units | USD per million |')
  expect(rows.length).toBeGreaterThan(5)
  expect(rows.map(([, request, , , usd]) => [request, Number(usd)])).toEqual(
    rows.map(([, request, writeUnits, readUnits]) => [
      request,
      Number(writeUnits) * Number(perWrite) + Number(readUnits) * Number(perRead),
    ]),
  )
})
