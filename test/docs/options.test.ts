import { describe, expect, it } from 'vitest'
import { CLAIM_RULES, EVENT_RULES } from '../../packages/oncekey/src/options.ts'
import { readPage } from './pages.ts'

/** The first column of the table under a heading. */
function namesUnder(page: string, heading: string): string[] {
  const [, after = ''] = readPage(page).split(`\n## ${heading}\n`)
  const [section = ''] = after.split('\n## ')
  return [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, name = '']) => name)
}

describe('the table of options', () => {
  it('has every option of an HTTP function, and each once', () => {
    const names = namesUnder('docs/http.md', 'Every option')
    expect(names.toSorted()).toEqual(Object.keys(EVENT_RULES).toSorted())
    expect(names).toEqual(expect.arrayContaining(Object.keys(CLAIM_RULES)))
  })
})
