import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { memoryStore, storeContract } from 'oncekey/testing'
import { describe, expect, it, vi } from 'vitest'
import { findJava } from '../../infra/local/java.ts'
import { findFreePort } from '../../infra/local/ports.ts'
import { blocksOf, root } from './pages.ts'

vi.setConfig({ testTimeout: 120_000 })

/**
 * Saves a page's files as its reader would, in a folder that finds the workspace's packages.
 *
 * @param edit changes a file's code before it is saved.
 */
function follow(page: string, edit = (code: string): string => code) {
  const folder = join(root, 'reports/docs/followed', page)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const blocks = blocksOf(page)
  for (const { file, code } of blocks) {
    if (file !== undefined) writeFileSync(join(folder, file), `${edit(code)}\n`)
  }

  const run = async (command: string, env: NodeJS.ProcessEnv = {}): Promise<string> => {
    const [program = '', ...args] = command.split(' ')
    expect(program).toBe('node')
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: folder,
      env: {
        ...process.env,
        ...env,
        NODE_OPTIONS: '--conditions=oncekey-source --disable-warning=ONCEKEY_ANONYMOUS',
      },
    })
    return stdout
  }
  const commands = blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ code }) => code.split('\n'))
    .filter((line) => line.startsWith('node '))
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8')
  return { blocks, commands, run, read }
}

describe('whoever follows getting-started.md to the letter', async () => {
  const port = await findFreePort()
  const edit = (code: string) => code.replace('const port = 8000', `const port = ${port}`)
  const { blocks, commands, run, read } = follow('docs/getting-started.md', edit)

  it('sees the first replay in memory', async () => {
    expect(await run('node --test')).toMatch(/pass 3\n.*fail 0/)
  })

  it('sees on DynamoDB what the page shows, but for the id', async () => {
    expect(commands).toEqual(['node --test', 'node local.ts'])
    const printed = await run('node local.ts', { PATH: `${dirname(await findJava())}:${process.env.PATH}` })
    const shown = blocks.find(({ language }) => language === 'text')?.code ?? ''
    const id = /"id":"([^"]+)"/.exec(printed)?.[1] ?? ''
    expect(printed.trim().replaceAll(id, 'ID')).toBe(shown.replace(/(?<="id":")[^"]+/g, 'ID'))
  })

  it('has a tsconfig with which all files compile', async () => {
    // The packages are used from their sources here.
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    expect(await run(`node ${tsc} -p . --customConditions oncekey-source`)).toBe('')
  })

  it('has a stack with a function of today that knows its table', async () => {
    const { app } = JSON.parse(read('cdk.json'))
    // What `cdk` tells an app, but that the function is not bundled: that would take the packages as they were built.
    await run(app, { CDK_OUTDIR: 'cdk.out', CDK_CONTEXT_JSON: '{ "aws:cdk:bundling-stacks": [] }' })
    const { Resources } = JSON.parse(read('cdk.out/Payments.template.json'))
    const ofType = (type: string) =>
      Object.entries<{ Type: string; Properties: object }>(Resources).filter(([, { Type }]) => Type === type)
    const [[table] = []] = ofType('AWS::DynamoDB::GlobalTable')
    expect(table).toEqual(expect.any(String))
    expect(ofType('AWS::Lambda::Function').map(([, { Properties }]) => Properties)).toEqual([
      expect.objectContaining({
        Runtime: 'nodejs24.x',
        Timeout: 10,
        Environment: { Variables: { IDEMPOTENCY_TABLE: { Ref: table } } },
      }),
    ])
  })
})

describe('whoever follows testing.md to the letter', () => {
  it('has tests that pass', async () => {
    const { commands, run } = follow('docs/testing.md')
    expect(commands).toEqual(['node --test'])
    const checks = storeContract(() => memoryStore()).length
    expect(await run('node --test')).toMatch(new RegExp(`pass ${6 + checks}\\n.*fail 0`))
  })
})
