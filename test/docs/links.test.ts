import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import GithubSlugger from 'github-slugger'
import { describe, expect, it } from 'vitest'
import { pages, proseOf, readPage, root } from './pages.ts'

/** The anchors that GitHub gives a page's headings. */
function anchorsOf(page: string): ReadonlySet<string> {
  const slugger = new GithubSlugger()
  const withoutBlocks = readPage(page).replace(/^( *)(`{3,})[^`]*\n[\s\S]*?^\1\2 *$/gm, '')
  const headings = [...withoutBlocks.matchAll(/^#{1,6} +(.+)$/gm)]
  return new Set(headings.map(([, heading = '']) => slugger.slug(heading.replace(/[`*]/g, ''))))
}

function linksOf(page: string): readonly string[] {
  return [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target]) => target ?? [])
}

/** What is wrong with a link within the project; `undefined` for a good one, and for one that leads out of it. */
function faultOf(page: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? page : join(dirname(page), path)
  if (!existsSync(join(root, target))) return `${link}: there is no ${target}`
  return anchor === undefined || anchorsOf(target).has(anchor) ? undefined : `${link}: no such heading`
}

describe('the links in the documentation', () => {
  it('are found, and a wrong one is told from a right one', () => {
    expect(linksOf('docs/getting-started.md')).toContain('http.md#whose-key-it-is')
    expect(faultOf('docs/http.md', 'nowhere.md')).toMatch(/there is no docs\/nowhere.md/)
    expect(faultOf('docs/http.md', 'testing.md#nothing')).toMatch(/no such heading/)
    expect(faultOf('docs/http.md', '../README.md')).toBeUndefined()
  })

  it.each(pages)('lead somewhere: %s', (page) => {
    expect(linksOf(page).flatMap((link) => faultOf(page, link) ?? [])).toEqual([])
  })
})
