import { cpSync, globSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { slug } from 'github-slugger'
import type { DefaultTheme } from 'vitepress'
import { withMermaid } from 'vitepress-plugin-mermaid'
import apiSidebar from '../api/typedoc-sidebar.json' with { type: 'json' }
import { adaptLinks } from './links.ts'
import { writeLlmsTexts } from './llms.ts'

const root = join(import.meta.dirname, '../..')

/** The sidebar's sections: pages in reading order. The build fails if a page of docs/ is in none of them. */
const sections: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Start: {
    'README.md': 'Overview',
    'docs/why.md': 'Why Oncekey?',
    'docs/getting-started.md': 'Getting started',
    'docs/concepts.md': 'Concepts',
    'docs/demo.md': 'The demo',
  },
  Contracts: {
    'docs/http.md': 'HTTP',
    'docs/triggers.md': 'Triggers',
    'docs/exactly-once.md': 'Exactly once',
    'docs/what-is-not-promised.md': 'What is not promised',
    'docs/client.md': 'The client',
    'docs/stability.md': 'Stability',
  },
  Guides: {
    'docs/recipes.md': 'Recipes',
    'docs/testing.md': 'Testing',
    'docs/without-cdk.md': 'Without CDK',
    'docs/migrating-from-powertools.md': 'From Powertools',
  },
  Production: {
    'docs/before-payments.md': 'Before payments',
    'docs/operations.md': 'Operations',
    'docs/troubleshooting.md': 'Troubleshooting',
    'docs/performance.md': 'Performance',
  },
}

const listed = Object.values(sections).flatMap((pages) => Object.keys(pages))
const unlisted = globSync('docs/*.md', { cwd: root }).filter((page) => !listed.includes(page))
const missing = listed.filter((page) => globSync(page, { cwd: root }).length === 0)
if (unlisted.length + missing.length > 0) {
  throw new Error(
    `The sidebar lacks ${unlisted.join(', ') || 'no page'}, and lists ${missing.join(', ') || 'none'} that do not exist.`,
  )
}

const linkOf = (page: string): string => (page === 'README.md' ? '/' : `/${page.replace(/\.md$/, '')}`)

const titleOf = (page: string): string =>
  /^# (.+)$/m.exec(readFileSync(join(root, page), 'utf8'))?.[1] ?? page

const decisions: DefaultTheme.SidebarItem = {
  text: 'Decisions',
  collapsed: true,
  items: globSync('docs/decisions/*.md', { cwd: root })
    .sort()
    .map((page) => ({ text: titleOf(page), link: linkOf(page) })),
}

// VitePress resolves the imports of a page from its folder, so the pages are copied below docs/node_modules.
const pages = join(root, 'docs/pages')
rmSync(pages, { recursive: true, force: true })
for (const page of globSync(
  ['*.md', 'packages/*/README.md', 'docs/*.md', 'docs/{api,decisions,images}/**', 'bench/results/*'],
  { cwd: root },
)) {
  cpSync(join(root, page), join(pages, page), { recursive: true })
}

export default withMermaid({
  title: 'Oncekey',
  description: 'Makes any AWS Lambda handler safe to retry.',
  lang: 'en',
  srcDir: 'pages',
  rewrites: { 'README.md': 'index.md' },
  outDir: 'dist',
  cacheDir: 'node_modules/.cache',
  cleanUrls: true,
  head: [['link', { rel: 'icon', href: '/icon.svg' }]],
  vite: { publicDir: join(import.meta.dirname, 'public') },
  markdown: {
    // The same anchors as on GitHub, for which the pages are written.
    anchor: { slugify: slug },
    config(md) {
      md.core.ruler.push('adapt-links', ({ tokens, env }) => adaptLinks(tokens, env.relativePath, root))
      // GitHub draws the items of a checklist as boxes.
      md.core.ruler.push('checklists', ({ tokens }) => {
        for (const { children } of tokens) {
          const [first] = children ?? []
          if (first?.type === 'text') first.content = first.content.replace(/^\[ \] /, '☐ ')
        }
      })
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Getting started', link: '/docs/getting-started' },
      { text: 'Why?', link: '/docs/why' },
      { text: 'API', link: '/docs/api/' },
      { text: 'Changelog', link: '/CHANGELOG' },
    ],
    sidebar: [
      ...Object.entries(sections).map(([text, pages]) => ({
        text,
        items: Object.entries(pages).map(([page, title]) => ({ text: title, link: linkOf(page) })),
      })),
      { text: 'API', collapsed: true, items: apiSidebar },
      decisions,
    ],
  },
  buildEnd: ({ outDir }) => writeLlmsTexts(outDir, root, sections),
})
