import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { type Packed, packAll } from './packed.ts'

const KIB = 1024
/** Twice what the largest package weighs today: a folder packed by mistake is above it. */
const MAX_PACKED_BYTES = 640 * KIB
const MAX_UNPACKED_BYTES = 4 * KIB * KIB

interface Options {
  /** On release, the changelog has a date, and the repository is known: npm's provenance names it. */
  readonly isPublishing: boolean
}

/** Returns what keeps the packages of a workspace from being published, one sentence each. */
export async function findProblems(root: string, options: Options): Promise<readonly string[]> {
  return problemsOf(await packAll(root), readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), options)
}

export function problemsOf(
  packages: readonly Packed[],
  changelog: string,
  { isPublishing }: Options,
): readonly string[] {
  const [version] = packages.map(({ manifest }) => manifest.version)
  const rules = isPublishing ? [...RULES, repositoryProblems] : RULES
  return [
    ...packages.flatMap(({ name, manifest }) => versionProblems(name, manifest.version, version)),
    ...changelogProblems(changelog, version, isPublishing),
    ...packages.flatMap((packed) => internalProblems(packed, packages)),
    ...packages.flatMap((packed) =>
      rules.flatMap((rule) => rule(packed).map((text) => `${packed.name}: ${text}`)),
    ),
  ]
}

function versionProblems(name: string, version: string | undefined, common: string | undefined): string[] {
  if (version !== undefined && version === common) return []
  return [`${name}: expected version ${common}, as in the other packages, got ${version}.`]
}

/** Expects a first section `## <version> (unreleased)`, or on release `## <version> (<date>)`, that lists changes. */
function changelogProblems(changelog: string, version: string | undefined, isPublishing: boolean): string[] {
  const [, first = ''] = changelog.split(/^## /m)
  const [heading = '', ...lines] = first.split('\n')
  const [, released, when = ''] = /^(\S+) \((.+)\)$/.exec(heading) ?? []
  const problems = []
  if (released !== version)
    problems.push(`CHANGELOG.md: expected its first section to be ${version}, got "${heading}".`)
  if (!lines.some((line) => line.startsWith('- '))) problems.push(`CHANGELOG.md: ${version} lists no change.`)
  if (isPublishing && !/^\d{4}-\d{2}-\d{2}$/.test(when)) {
    problems.push(`CHANGELOG.md: expected the date of ${version} as (YYYY-MM-DD), got (${when}).`)
  }
  return problems
}

/** The packages depend on each other in the version that is published with them. */
function internalProblems({ name, manifest }: Packed, packages: readonly Packed[]): string[] {
  return packages.flatMap((other) => {
    const wanted = manifest.dependencies?.[other.manifest.name ?? '']
    if (wanted === undefined || wanted === other.manifest.version) return []
    return [`${name}: expected ${other.name} ${other.manifest.version} in dependencies, got ${wanted}.`]
  })
}

type Rule = (packed: Packed) => readonly string[]

const RULES: readonly Rule[] = [
  function manifestProblems({ name, manifest }) {
    const { access, provenance } = manifest.publishConfig ?? {}
    return [
      ...(manifest.name === name ? [] : [`expected the name ${name}, got ${manifest.name}.`]),
      ...(manifest.description ? [] : ['expected a description.']),
      ...(manifest.license === 'MIT' ? [] : [`expected license MIT, got ${manifest.license}.`]),
      ...(manifest.engines?.node ? [] : ['expected engines.node.']),
      ...(access === 'public' ? [] : [`expected publishConfig.access public, got ${access}.`]),
      ...(provenance === true ? [] : [`expected publishConfig.provenance true, got ${provenance}.`]),
    ]
  },
  function missingFiles({ files, manifest }) {
    const wanted = [
      'LICENSE',
      'README.md',
      ...targetsOf([manifest.main, manifest.types, manifest.bin, manifest.exports]),
    ]
    return wanted.filter((file) => !files.includes(file)).map((file) => `${file} is not in the tarball.`)
  },
  function strayFiles({ files }) {
    return files
      .filter((file) => /(^|\/)(test|tests|node_modules|reports)\/|\.(test|tgz|env|log)\b/.test(file))
      .map((file) => `${file} does not belong into the tarball.`)
  },
  function mapProblems({ files, sources }) {
    return Object.entries(sources).flatMap(([file, named]) => {
      const paths = named.map((source) => posix.join(posix.dirname(file), source))
      const missing = paths.filter((path) => !files.includes(path))
      return missing.map((path) => `${file} refers to ${path}, which is not in the tarball.`)
    })
  },
  function sizeProblems({ sizeBytes, unpackedBytes }) {
    return [
      ...(sizeBytes <= MAX_PACKED_BYTES
        ? []
        : [`expected at most ${MAX_PACKED_BYTES} bytes packed, got ${sizeBytes}.`]),
      ...(unpackedBytes <= MAX_UNPACKED_BYTES
        ? []
        : [`expected at most ${MAX_UNPACKED_BYTES} bytes unpacked, got ${unpackedBytes}.`]),
    ]
  },
]

function repositoryProblems({ manifest, name }: Packed): readonly string[] {
  const { url, directory } = manifest.repository ?? {}
  return [
    ...(url ? [] : ['expected repository.url: npm compares it with where the release was built.']),
    ...(directory === `packages/${name}`
      ? []
      : [`expected repository.directory packages/${name}, got ${directory}.`]),
  ]
}

/** Returns every path that a value of package.json names, however deep. */
function targetsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [posix.normalize(value)]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(targetsOf) : []
}
