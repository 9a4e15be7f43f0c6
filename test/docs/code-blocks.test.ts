import { beforeAll, describe, expect, it, vi } from 'vitest'
import { compile } from './compile.ts'
import { blocksOf, pages } from './pages.ts'

vi.setConfig({ hookTimeout: 120_000 })

const blocks = pages.flatMap(blocksOf).filter(({ language }) => language === 'ts')
const wrong = {
  page: 'a page that is wrong',
  line: 7,
  language: 'ts',
  file: undefined,
  code: "import { idempotent } from 'oncekey'\nidempotent('table', { retentionSeconds: 1 })",
}
let errors: readonly string[]

beforeAll(async () => {
  errors = await compile([...blocks, wrong])
})

describe('the code in the documentation', () => {
  it('is looked at: an error in it is found, on its line', () => {
    const found = errors.filter((error) => error.startsWith(wrong.page))
    expect(found).toEqual([expect.stringMatching(/^a page that is wrong:8: .*retentionSeconds/)])
  })

  it.each([...new Set(blocks.map(({ page }) => page))])('compiles: %s', (page) => {
    expect(errors.filter((error) => error.startsWith(`${page}:`))).toEqual([])
  })

  it('has no other errors', () => {
    expect(errors.filter((error) => !/^[^:]+\.md:|^a page that is wrong:/.test(error))).toEqual([])
  })
})
