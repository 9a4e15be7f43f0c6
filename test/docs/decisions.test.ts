import { basename } from 'node:path'
import { describe, expect, it } from 'vitest'
import { pages, readPage } from './pages.ts'

const MAX_LINES = 40
const MAX_COLUMNS = 120

const notes = pages.filter((page) => page.startsWith('docs/decisions/'))
const linesOf = (page: string): string[] => readPage(page).trimEnd().split('\n')

describe('the notes on decisions', () => {
  it('are found', () => {
    expect(notes.length).toBeGreaterThan(10)
  })

  it.each(notes)('are headed by number and title: %s', (page) => {
    const [number] = basename(page).split('-')
    expect(linesOf(page)[0]).toMatch(new RegExp(`^# ${number} · \\S`))
  })

  it.each(notes)(`have ${MAX_LINES} lines at most: %s`, (page) => {
    expect(linesOf(page).length).toBeLessThanOrEqual(MAX_LINES)
  })

  it.each(notes)(`are ${MAX_COLUMNS} columns wide at most, but for tables: %s`, (page) => {
    const prose = linesOf(page).filter((line) => !line.startsWith('|'))
    expect(prose.filter((line) => line.length > MAX_COLUMNS)).toEqual([])
  })
})
