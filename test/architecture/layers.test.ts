import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

const source = join(import.meta.dirname, '../../packages/oncekey/src')

/**
 * The tree of CONTRIBUTING.md as data: what the files of each folder may import beside their own folder, and what they
 * may load on first use. A pattern is a path's beginning.
 */
const layers: Readonly<
  Record<string, { readonly imports: readonly string[]; readonly loads?: readonly string[] }>
> = {
  'index.ts': {
    imports: [
      'core/',
      'entries/',
      'options.ts',
      'sources/records.ts',
      'stores/dynamodb/store.ts',
      'stores/dynamodb/transport.ts',
    ],
  },
  'options.ts': { imports: ['core/', 'stores/dynamodb/transport.ts'] },
  'entries/': {
    imports: ['core/', 'sources/', 'options.ts', 'stores/dynamodb/store.ts'],
    loads: ['features/cache.ts', 'features/durable.ts', 'features/warm-up.ts'],
  },
  'core/': { imports: [], loads: ['features/step.ts', 'features/commit.ts'] },
  'sources/': { imports: ['core/', 'options.ts'] },
  'features/': {
    imports: ['core/', 'sources/identify.ts', 'sources/event.ts', 'stores/dynamodb/', 'stores/codec.ts'],
  },
  'stores/': { imports: ['core/'] },
  'client/': { imports: [] },
  'testing/': { imports: ['core/', 'stores/memory.ts'] },
}

/** What may be named in one place only, and the place. */
const confined: readonly { readonly what: string; readonly imported: RegExp; readonly to: RegExp }[] = [
  { what: 'Middy', imported: /^@middy\//, to: /^never$/ },
  {
    what: 'the AWS SDK',
    imported: /^@(aws-sdk|smithy)\//,
    to: /^stores\/dynamodb\/(sdk|commit|inspector)\.ts$/,
  },
  { what: 'OpenTelemetry', imported: /^@opentelemetry\//, to: /^features\/otel\.ts$/ },
  { what: 'the CDK', imported: /^(aws-cdk-lib|constructs)/, to: /^never$/ },
]

const files = globSync('**/*.ts', { cwd: source }).map((file) => normalize(file))
const textOf = (file: string): string => readFileSync(join(source, file), 'utf8')
const layerOf = (file: string): string | undefined =>
  Object.keys(layers).find((layer) => file === layer || file.startsWith(layer))

/** The modules that a file names, in `import … from` and `export … from`, or in `import(…)`. */
function importsOf(file: string): string[] {
  return [...textOf(file).matchAll(/from\s+'([^']+)'/g)].flatMap(([, specifier]) => specifier ?? [])
}

function loadsOf(file: string): string[] {
  return [...textOf(file).matchAll(/import\(\s*'([^']+)'/g)].flatMap(([, specifier]) => specifier ?? [])
}

/** Relative modules of a file outside its own layer that are not among those allowed. */
function strangers(file: string, specifiers: readonly string[], allowed: readonly string[]): string[] {
  return specifiers
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => normalize(join(dirname(file), specifier)))
    .filter((target) => layerOf(target) !== layerOf(file))
    .filter((target) => !allowed.some((path) => target === path || target.startsWith(path)))
}

describe('the tree', () => {
  it('has a place for every file', () => {
    expect(files.length).toBeGreaterThan(30)
    expect(files.filter((file) => layerOf(file) === undefined)).toEqual([])
  })

  it.each(Object.entries(layers))(
    'keeps %s to what it may import and load',
    (layer, { imports, loads = [] }) => {
      const wrong = files
        .filter((file) => layerOf(file) === layer)
        .flatMap((file) => [
          ...strangers(file, importsOf(file), imports).map((target) => `${file} imports ${target}`),
          ...strangers(file, loadsOf(file), loads).map((target) => `${file} loads ${target}`),
        ])
      expect(wrong).toEqual([])
    },
  )

  it.each(confined)('names $what only in its own place', ({ imported, to }) => {
    const wrong = files.filter(
      (file) =>
        !to.test(file) &&
        [...importsOf(file), ...loadsOf(file)].some((specifier) => imported.test(specifier)),
    )
    expect(wrong).toEqual([])
  })

  it('keeps the stores from knowing each other', () => {
    const kinds = ['dynamodb', 'memory', 'redis']
    const wrong = files
      .filter((file) => file.startsWith('stores/'))
      .filter((file) => {
        const own = kinds.find((kind) => file.includes(kind))
        return importsOf(file).some((specifier) =>
          kinds.some((kind) => kind !== own && specifier.includes(`/${kind}`)),
        )
      })
    expect(wrong).toEqual([])
  })

  it('recognizes the errors of a store by their code, since the store may be of another copy of the package', () => {
    const wrong = files.filter(
      (file) =>
        /^(core|entries|features|sources)\//.test(file) &&
        /instanceof (StoreUnavailable|RecordUnreadable)Error/.test(textOf(file)),
    )
    expect(wrong).toEqual([])
  })

  it('speaks of responses to callers only in sources/http, in the types of its hooks, and in the rehearsal', () => {
    const wrong = files.filter(
      (file) =>
        !/^(sources\/http\/|options\.ts$|features\/warm-up\.ts$|stores\/dynamodb\/)/.test(file) &&
        /statusCode/.test(textOf(file)),
    )
    expect(wrong).toEqual([])
  })
})
