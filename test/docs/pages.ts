import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root: string = join(import.meta.dirname, '../..')

/** A fenced block of a page. */
export interface Block {
  /** The page's path within the project. */
  readonly page: string
  /** Of the first line of its code. */
  readonly line: number
  readonly language: string
  /** The file that the code is to be saved as, if the page names one after the language. */
  readonly file: string | undefined
  readonly code: string
}

/** Every page that users read. The API reference is generated, and so not a page. */
export const pages: readonly string[] = [
  ...globSync('*.md', { cwd: root }),
  ...globSync('packages/*/README.md', { cwd: root }),
  ...globSync('docs/**/*.md', { cwd: root, exclude: ['docs/{api,dist,node_modules,pages}/**'] }),
].sort()

export function readPage(page: string): string {
  return readFileSync(join(root, page), 'utf8')
}

/** The fenced blocks of a page, those within lists too. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = []
  let open:
    | { indent: number; fence: string; info: readonly string[]; line: number; lines: string[] }
    | undefined
  for (const [index, text] of readPage(page).split('\n').entries()) {
    const [, indent = '', fence = '', info = ''] = /^( *)(`{3,})(.*)$/.exec(text) ?? []
    if (open === undefined) {
      if (fence === '') continue
      open = { indent: indent.length, fence, info: info.trim().split(/\s+/), line: index + 2, lines: [] }
    } else if (fence === open.fence && info === '') {
      const [language = '', file] = open.info
      blocks.push({ page, line: open.line, language, file, code: open.lines.join('\n') })
      open = undefined
    } else {
      open.lines.push(text.slice(open.indent))
    }
  }
  if (open !== undefined) throw new Error(`${page}:${open.line}: this block is never closed.`)
  return blocks
}

/** A page without its blocks and code spans: what is said, where words and links are looked for. */
export function proseOf(page: string): string {
  return readPage(page)
    .replace(/^( *)(`{3,})[^`]*\n[\s\S]*?^\1\2 *$/gm, (block) => block.replace(/[^\n]/g, ''))
    .replace(/`[^`\n]+`/g, '')
}
