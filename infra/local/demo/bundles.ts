import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, buildSync } from 'esbuild'

const inInfra = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

// The asynchronous API would leave a process of esbuild running.
const bundle = (options: BuildOptions) =>
  buildSync({
    bundle: true,
    format: 'esm',
    target: 'es2024',
    conditions: ['oncekey-source', 'module'],
    logLevel: 'warning',
    ...options,
  })

/** Bundles a file of the page with everything that it imports, such as the library's client. */
export function bundlePageFile(name: string): Buffer {
  const { outputFiles = [] } = bundle({
    entryPoints: [inInfra(`page/${name}`)],
    platform: 'browser',
    sourcemap: 'inline',
    write: false,
  })
  return Buffer.from(outputFiles[0]?.contents ?? [])
}

export function readPageFile(name: string): Promise<Buffer> {
  return readFile(inInfra(`page/${name}`))
}

export interface BundledFunction {
  readonly file: string
  remove(): Promise<void>
}

/** Bundles the demo's handler without protection, in the same way as the stack bundles the protected one. */
export async function bundleUnprotected(): Promise<BundledFunction> {
  const folder = await mkdtemp(join(tmpdir(), 'oncekey-unprotected-'))
  const file = join(folder, 'index.mjs')
  bundle({
    entryPoints: [inInfra('local/demo/unprotected.ts')],
    platform: 'node',
    mainFields: ['module', 'main'],
    minify: true,
    outfile: file,
    // Some dependencies are CommonJS modules that `require` modules of Node.js.
    banner: {
      js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);",
    },
  })
  return { file, remove: () => rm(folder, { recursive: true, force: true }) }
}
