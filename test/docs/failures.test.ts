import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { failures, tell } from './failures.ts'
import { root } from './pages.ts'

const file = join(root, 'docs/operations.md')
const BEGIN = '<!-- Written by npm run docs:failures. -->\n\n'
const END = '\n\n<!-- End of what is written. -->'

it('the page shows what an operator really sees of the likeliest failures', async () => {
  const told: string[] = []
  for (const failure of failures) told.push(await tell(failure))
  const page = readFileSync(file, 'utf8')
  const [before, rest = ''] = page.split(BEGIN)
  const [written, after] = rest.split(END)
  if (process.env.ONCEKEY_WRITE_DOCS === '1') {
    writeFileSync(file, [before, BEGIN, told.join('\n\n'), END, after].join(''))
    return
  }
  expect(written).toBe(told.join('\n\n'))
})
