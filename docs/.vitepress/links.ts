import { existsSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

interface Token {
  type: string
  tag: string
  attrs: unknown
  children: Token[] | null
  attrGet(name: string): string | null
  attrSet(name: string, value: string): void
}

/**
 * Makes the links of a page work on the site: the overview is the site's first page, and a link to a source file or a
 * folder becomes plain text, because the site does not contain them.
 * @throws Error if a link leads to nothing
 */
export function adaptLinks(tokens: readonly Token[], page: string, root: string): void {
  for (const { children } of tokens) {
    let isDropped = false
    for (const token of children ?? []) {
      if (token.type === 'link_close' && isDropped) {
        Object.assign(token, { type: 'span_close', tag: 'span' })
        isDropped = false
      }
      if (token.type !== 'link_open') continue
      const href = token.attrGet('href') ?? ''
      if (href === '' || href.startsWith('#') || /^[a-z]+:/.test(href)) continue
      const [path = '', anchor] = href.split('#')
      const target = join(dirname(page), path)
      if (!existsSync(join(root, target))) throw new Error(`${page}: ${href} leads to nothing.`)
      if (target === 'README.md') {
        token.attrSet('href', `${relative(dirname(page), 'index.md')}${anchor ? `#${anchor}` : ''}`)
      } else if (!target.endsWith('.md') || statSync(join(root, target)).isDirectory()) {
        Object.assign(token, { type: 'span_open', tag: 'span', attrs: null })
        isDropped = true
      }
    }
  }
}
