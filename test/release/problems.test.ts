import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Manifest, Packed } from '../../release/packed.ts'
import { findProblems, problemsOf } from '../../release/problems.ts'

const manifest = {
  name: 'oncekey',
  version: '1.2.3',
  description: 'A package.',
  license: 'MIT',
  engines: { node: '>=22' },
  files: ['dist', 'src'],
  exports: { '.': { import: { types: './dist/index.d.ts', default: './dist/index.js' } } },
  repository: { url: 'git+https://example.com/oncekey.git', directory: 'packages/oncekey' },
  publishConfig: { access: 'public', provenance: true },
}
const files = ['LICENSE', 'README.md', 'package.json', 'src/index.ts', 'dist/index.js', 'dist/index.d.ts']
const library: Packed = {
  name: 'oncekey',
  manifest,
  files: [...files, 'dist/index.js.map'],
  sources: { 'dist/index.js.map': ['../src/index.ts'] },
  sizeBytes: 1_000,
  unpackedBytes: 2_000,
}
const command: Packed = {
  ...library,
  name: 'oncekey-cli',
  manifest: {
    ...manifest,
    name: 'oncekey-cli',
    dependencies: { oncekey: '1.2.3' },
    repository: { ...manifest.repository, directory: 'packages/oncekey-cli' },
  },
}

const CHANGELOG = '# Changelog\n\n## 1.2.3 (2026-12-01)\n\n- A change.\n'
const UNRELEASED = CHANGELOG.replace('2026-12-01', 'unreleased')
const onRelease = { isPublishing: true }

describe('release:check', () => {
  it('finds nothing in packages that can be published', () => {
    expect(problemsOf([library, command], CHANGELOG, onRelease)).toEqual([])
  })

  it.each<[string, Manifest]>([
    ['oncekey-cli: expected version 1.2.4, as in the other packages, got 1.2.3.', { version: '1.2.4' }],
    ['oncekey-cli: expected oncekey 1.2.4 in dependencies, got 1.2.3.', { version: '1.2.4' }],
    ['oncekey: expected license MIT, got ISC.', { license: 'ISC' }],
    ['oncekey: expected a description.', { description: '' }],
    ['oncekey: expected the name oncekey, got onekey.', { name: 'onekey' }],
    ['oncekey: expected engines.node.', { engines: {} }],
    [
      'oncekey: expected publishConfig.provenance true, got undefined.',
      { publishConfig: { access: 'public' } },
    ],
    [
      'oncekey: expected publishConfig.access public, got undefined.',
      { publishConfig: { provenance: true } },
    ],
    [
      'oncekey: expected repository.url: npm compares it with where the release was built.',
      { repository: { directory: 'packages/oncekey' } },
    ],
    [
      'oncekey: expected repository.directory packages/oncekey, got undefined.',
      { repository: { url: 'git+https://example.com/oncekey.git' } },
    ],
    ['oncekey: dist/main.js is not in the tarball.', { bin: { oncekey: './dist/main.js' } }],
    ['oncekey: dist/cjs/index.js is not in the tarball.', { main: './dist/cjs/index.js' }],
  ])('says "%s"', (problem, changes) => {
    const changed = { ...library, manifest: { ...manifest, ...changes } }
    expect(problemsOf([changed, command], CHANGELOG, onRelease)).toContain(problem)
  })

  it.each(['LICENSE', 'README.md', 'dist/index.d.ts'])('says that %s is missing', (file) => {
    const changed = { ...library, files: library.files.filter((name) => name !== file) }
    expect(problemsOf([changed], CHANGELOG, onRelease)).toEqual([`oncekey: ${file} is not in the tarball.`])
  })

  it.each(['src/index.test.ts', 'src/test/index.ts', 'node_modules/a/index.js', '.env', 'dist/a.tgz'])(
    'says that %s does not belong there',
    (file) => {
      const changed = { ...library, files: [...library.files, file] }
      expect(problemsOf([changed], CHANGELOG, onRelease)).toEqual([
        `oncekey: ${file} does not belong into the tarball.`,
      ])
    },
  )

  it('says that a source map leads nowhere', () => {
    const changed = { ...library, files: library.files.filter((name) => name !== 'src/index.ts') }
    expect(problemsOf([changed], CHANGELOG, onRelease)).toEqual([
      'oncekey: dist/index.js.map refers to src/index.ts, which is not in the tarball.',
    ])
  })

  it.each([{ sizeBytes: 1_000_000 }, { unpackedBytes: 5_000_000 }])(
    'says that a tarball is too large: %j',
    (size) => {
      expect(problemsOf([{ ...library, ...size }], CHANGELOG, onRelease)).toEqual([
        expect.stringMatching(/^oncekey: expected at most \d+ bytes (un)?packed, got [15]000000\.$/),
      ])
    },
  )

  it.each([
    [
      'CHANGELOG.md: expected its first section to be 1.2.3, got "1.2.2 (2026-12-01)".',
      '## 1.2.2 (2026-12-01)\n- A.\n',
    ],
    ['CHANGELOG.md: expected its first section to be 1.2.3, got "".', ''],
    ['CHANGELOG.md: 1.2.3 lists no change.', '## 1.2.3 (2026-12-01)\n\n## 1.2.2 (2026-11-01)\n- A.\n'],
    ['CHANGELOG.md: expected the date of 1.2.3 as (YYYY-MM-DD), got (unreleased).', UNRELEASED],
  ])('says "%s"', (problem, changelog) => {
    expect(problemsOf([library], changelog, onRelease)).toContain(problem)
  })

  it('demands a date and a repository only on release', () => {
    const { repository: _, ...unknown } = manifest
    expect(problemsOf([{ ...library, manifest: unknown }], UNRELEASED, { isPublishing: false })).toEqual([])
  })
})

describe('release:check on a real workspace', () => {
  let root: string
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'oncekey-release-'))
  })
  afterAll(() => rmSync(root, { recursive: true, force: true }))

  it('sees what npm would pack', async () => {
    const written: Readonly<Record<string, string>> = {
      'CHANGELOG.md': CHANGELOG,
      'packages/oncekey/package.json': JSON.stringify(manifest),
      'packages/oncekey/README.md': '# Oncekey',
      'packages/oncekey/LICENSE': 'MIT',
      'packages/oncekey/dist/index.js': 'export {}',
      'packages/oncekey/dist/index.js.map': '{ "sources": ["../src/index.ts"] }',
      'packages/oncekey/src/index.test.ts': 'export {}',
      // Not among `files`.
      'packages/oncekey/index.test.ts': 'export {}',
    }
    for (const [path, text] of Object.entries(written)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    expect(await findProblems(root, onRelease)).toEqual([
      'oncekey: dist/index.d.ts is not in the tarball.',
      'oncekey: src/index.test.ts does not belong into the tarball.',
      'oncekey: dist/index.js.map refers to src/index.ts, which is not in the tarball.',
    ])
  })
})
