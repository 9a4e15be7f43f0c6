import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

const source = join(import.meta.dirname, '../../packages/oncekey/src')

/**
 * "The layers of the library" in CONTRIBUTING.md as data: what each may import besides itself. The first folder or
 * file that matches names it.
 */
const layers: readonly {
  readonly name: string
  readonly within: RegExp
  readonly mayImport: readonly string[]
}[] = [
  { name: 'protocol', within: /^protocol\//, mayImport: [] },
  { name: 'stores', within: /^stores\//, mayImport: ['protocol'] },
  { name: 'attempt', within: /^attempt\//, mayImport: ['protocol'] },
  { name: 'events', within: /^events\//, mayImport: ['protocol'] },
  { name: 'client', within: /^client\//, mayImport: [] },
  { name: 'index', within: /^index\.ts$/, mayImport: ['protocol', 'stores', 'attempt', 'events', 'entries'] },
  { name: 'entries', within: /^[^/]+\.ts$/, mayImport: ['protocol', 'stores', 'attempt', 'events'] },
]

/** What may be named in one place only, and the place. */
const confined: readonly { readonly what: string; readonly imported: RegExp; readonly to: RegExp }[] = [
  { what: 'Middy', imported: /^@middy\//, to: /^middleware\.ts$/ },
  { what: 'the AWS SDK', imported: /^@(aws-sdk|smithy)\//, to: /^(stores\/dynamodb\/|options\.ts$)/ },
  { what: 'the CDK', imported: /^(aws-cdk-lib|constructs)/, to: /^never$/ },
]

const files = globSync('**/*.ts', { cwd: source }).map((file) => normalize(file))

function importsOf(file: string): string[] {
  const text = readFileSync(join(source, file), 'utf8')
  return [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].flatMap(([, specifier]) => specifier ?? [])
}

function layerOf(file: string): string {
  return layers.find(({ within }) => within.test(file))?.name ?? 'no layer'
}

describe('the layers', () => {
  it('have a place for every file', () => {
    expect(files.length).toBeGreaterThan(30)
    expect(files.filter((file) => layerOf(file) === 'no layer')).toEqual([])
  })

  it('import only downwards', () => {
    const wrong = files.flatMap((file) => {
      const layer = layers.find(({ within }) => within.test(file))
      return importsOf(file)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => normalize(join(dirname(file), specifier)))
        .filter((target) => layerOf(target) !== layer?.name && !layer?.mayImport.includes(layerOf(target)))
        .map((target) => `${file} imports ${target}`)
    })
    expect(wrong).toEqual([])
  })

  it.each(confined)('name $what only in its own place', ({ imported, to }) => {
    const wrong = files.filter(
      (file) => !to.test(file) && importsOf(file).some((specifier) => imported.test(specifier)),
    )
    expect(wrong).toEqual([])
  })

  it('keep the stores from knowing each other', () => {
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
})

describe('the words', () => {
  it('of HTTP statuses stand only in events/http', () => {
    const wrong = files.filter(
      (file) =>
        !file.startsWith('events/http/') && /statusCode/.test(readFileSync(join(source, file), 'utf8')),
    )
    expect(wrong).toEqual([])
  })
})
