import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Writes `llms.txt`, a list of the pages with what each is about, and `llms-full.txt`, their whole text.
 * @see https://llmstxt.org
 */
export function writeLlmsTexts(
  outDir: string,
  root: string,
  sections: Readonly<Record<string, Readonly<Record<string, string>>>>,
): void {
  const read = (page: string): string => readFileSync(join(root, page), 'utf8')
  const lists = Object.entries(sections).map(([section, pages]) => {
    const links = Object.entries(pages).map(([page, title]) => {
      const link = page === 'README.md' ? '/' : `/${page.replace(/\.md$/, '')}`
      return `- [${title}](${link}): ${introductionOf(read(page))}`
    })
    return `## ${section}\n\n${links.join('\n')}`
  })
  writeFileSync(
    join(outDir, 'llms.txt'),
    `# Oncekey\n\n> ${introductionOf(read('README.md'))}\n\n${lists.join('\n\n')}\n`,
  )
  const pages = Object.values(sections).flatMap((section) => Object.keys(section))
  writeFileSync(join(outDir, 'llms-full.txt'), pages.map((page) => read(page).trim()).join('\n\n---\n\n'))
}

/** Returns the first paragraph of a page after its title, in one line and without links. */
function introductionOf(text: string): string {
  const blocks = text.slice(text.search(/^# /m)).split(/\n{2,}/)
  const paragraph = blocks.find((block) => /^(?!```)[^|#<-]/.test(block.trim())) ?? ''
  return paragraph
    .replace(/\[([^\]]+)\]\([^)]+\)/g, '$1')
    .replace(/\s+/g, ' ')
    .trim()
}
