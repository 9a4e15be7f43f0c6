import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type BuildOptions, build } from 'esbuild'

export const here: string = import.meta.dirname
export const raw: string = join(here, 'results/raw')

/** What Lambda itself has, or what stands in every contender's bundle alike. */
const EXTERNAL = ['@aws-sdk/*', '@middy/*', '@smithy/*']

/** For what is CommonJS, and asks for Node's own modules when it runs. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"

const common = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  conditions: ['oncekey-source'],
  external: EXTERNAL,
  absWorkingDir: here,
} satisfies BuildOptions

const bundled = new Map<string, Promise<string>>()

/** Bundles one of `contenders/` as it would be deployed, once for the run, and says where. */
export function bundleContender(name: string): Promise<string> {
  const outfile = join(raw, `contenders/${name}.js`)
  const options = { ...common, entryPoints: [`contenders/${name}.ts`], outfile, banner: { js: REQUIRE } }
  const file = bundled.get(name) ?? build(options).then(() => outfile)
  bundled.set(name, file)
  return file
}

export interface Weight {
  /** The file that a Lambda function loads. */
  readonly bytes: number
  readonly gzipBytes: number
  /** By source file, the largest first. */
  readonly parts: readonly { readonly file: string; readonly bytes: number }[]
  /** Modules outside the bundle that loading it loads. */
  readonly imports: readonly string[]
  readonly path: string
}

/**
 * What these lines weigh, minified.
 * @param splitting in files of their own, what is imported lazily; the weight is then what is loaded at once.
 */
export async function weigh(name: string, lines: string, splitting: boolean): Promise<Weight> {
  const outdir = join(raw, 'weights', splitting ? 'split' : 'single')
  const { metafile } = await build({
    ...common,
    stdin: { contents: lines, resolveDir: here },
    entryNames: name,
    outdir,
    minify: true,
    splitting,
    metafile: true,
  } as const)
  const path = join(outdir, `${name}.js`)
  const outputs = new Map(
    Object.entries(metafile.outputs).map(([file, output]) => [join(here, file), output]),
  )
  // Splitting may put what is shared by several files into one of its own: what is imported statically counts.
  const loaded = new Set([path])
  const externals = new Set<string>()
  for (const file of loaded) {
    for (const imported of outputs.get(file)?.imports ?? []) {
      if (imported.kind !== 'import-statement') continue
      if (imported.external) externals.add(imported.path)
      else loaded.add(join(here, imported.path))
    }
  }
  const texts = [...loaded].map((file) => readFileSync(file))
  const parts = [...loaded].flatMap((file) => Object.entries(outputs.get(file)?.inputs ?? {}))
  return {
    bytes: texts.reduce((sum, text) => sum + text.length, 0),
    gzipBytes: texts.reduce((sum, text) => sum + gzipSync(text, { level: 9 }).length, 0),
    parts: parts
      .map(([file, { bytesInOutput }]) => ({ file, bytes: bytesInOutput }))
      .toSorted((one, other) => other.bytes - one.bytes),
    imports: [...externals].toSorted(),
    path,
  }
}
