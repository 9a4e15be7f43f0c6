import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type BuildOptions, build } from 'esbuild'

export const here: string = import.meta.dirname
export const raw: string = join(here, 'results/raw')

/** The modules that Lambda itself provides. */
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

const built = new Map<string, Promise<string>>()

/** Builds a file once for the run, and says where it is. */
function buildOnce(outfile: string, options: BuildOptions): Promise<string> {
  const path = join(raw, outfile)
  const file = built.get(path) ?? build({ ...common, ...options, outfile: path }).then(() => path)
  built.set(path, file)
  return file
}

/** Bundles one of `contenders/`, for a process that measures it warm. */
export const bundleContender = (name: string): Promise<string> =>
  buildOnce(`contenders/${name}.js`, { entryPoints: [`contenders/${name}.ts`], banner: { js: REQUIRE } })

/** Bundles what starts functions in fresh processes. */
export const bundleFresh = (): Promise<string> => buildOnce('fresh.js', { entryPoints: ['fresh.ts'] })

/**
 * Bundles a function as it would be deployed: one minified file, with the SDK in it if the contender uses it at once.
 * @param making how it makes the handler: `protect(work, process.env.TABLE)`
 */
export function bundleFunction(contender: string, making: string, variant = ''): Promise<string> {
  const contents = `import { work } from './contenders/work.ts'
    import { protect, protectStubbed } from './contenders/${contender}.ts'
    import { warmedUp } from 'oncekey'
    export const handler = ${making}`
  return buildOnce(`functions/${contender}${variant}.js`, {
    stdin: { contents, resolveDir: here, loader: 'ts' },
    minify: true,
    external: contender === 'oncekey' || contender === 'limit' ? EXTERNAL : [],
    mainFields: ['module', 'main'],
    banner: { js: REQUIRE },
  })
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
