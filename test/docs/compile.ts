import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { type Block, root } from './pages.ts'

const folder = join(root, 'reports/docs/blocks')

/**
 * The source of a block, padded so that an error's line is the line of the page.
 * - A block that names `this` outside a class stands in the constructor of a stack.
 * - `{ … }` is a body that was left out.
 */
function sourceOf({ code, line }: Block): string {
  const source = code.replaceAll('{ … }', '{ throw new Error() }')
  const stands = /\bthis\b/.test(source) && !/\bclass\b/.test(source)
  if (!stands) return `${'\n'.repeat(line - 1)}${source}\nexport {}\n`
  // The padding's last line opens the function, after the imports.
  const imports = source.match(/^import .*$/gm) ?? []
  const body = source.replace(/^import .*$/gm, '')
  const opening = `${imports.join('; ')}; export function within(this: import('aws-cdk-lib').Stack) {`
  return `${'\n'.repeat(line - 2)}${opening}\n${body}\n}\n`
}

/** Where a block is put: blocks with a file name are put together, as the page's reader saves them. */
function pathOf({ page, line, file }: Block): string {
  const place = page.replaceAll('/', '-').replace(/\.md$/, '')
  return file === undefined ? `${place}/line-${line}.ts` : `${place}/${file}`
}

/** Compiles all blocks at once with the project's own strictness. @returns what is wrong, by page and line. */
export async function compile(blocks: readonly Block[]): Promise<readonly string[]> {
  rmSync(folder, { recursive: true, force: true })
  const paths = new Map<string, Block>()
  for (const block of blocks) {
    const path = pathOf(block)
    if (paths.has(path)) throw new Error(`${block.page}:${block.line}: ${block.file} is there twice.`)
    paths.set(path, block)
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), sourceOf(block))
  }
  const config = {
    extends: relative(folder, join(root, 'tsconfig.json')),
    // A block shows what is made; what is done with it is the reader's.
    compilerOptions: { noUnusedLocals: false, rootDir: root },
    include: [],
    files: [...paths.keys(), relative(folder, join(import.meta.dirname, 'given.d.ts'))],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))

  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const output = await promisify(execFile)(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
    cwd: folder,
    maxBuffer: 16 * 1024 * 1024,
  }).then(
    ({ stdout }) => stdout,
    (failure: { readonly stdout: string }) => failure.stdout,
  )
  const errors = output.split('\n').filter((line) => line !== '' && !line.startsWith(' '))
  return errors.map((error) => {
    const [, path = '', line = '', message = error] = /^(.+?)\((\d+),\d+\): error (.*)$/.exec(error) ?? []
    const block = paths.get(path)
    return block ? `${block.page}:${line}: ${message}` : error
  })
}
