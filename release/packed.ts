import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The members of a package.json that a release depends on. Each may be missing or wrong. */
export interface Manifest {
  readonly name?: string
  readonly version?: string
  readonly description?: string
  readonly license?: string
  readonly main?: string
  readonly types?: string
  readonly bin?: Readonly<Record<string, string>>
  readonly exports?: unknown
  readonly engines?: { readonly node?: string }
  readonly dependencies?: Readonly<Record<string, string>>
  readonly repository?: { readonly url?: string; readonly directory?: string }
  readonly publishConfig?: { readonly access?: string; readonly provenance?: boolean }
}

/** A package as npm would publish it. */
export interface Packed {
  /** Its folder below `packages`. */
  readonly name: string
  readonly manifest: Manifest
  readonly files: readonly string[]
  /** The sources that each source map of its files names, relative to the map. */
  readonly sources: Readonly<Record<string, readonly string[]>>
  readonly sizeBytes: number
  readonly unpackedBytes: number
}

/** Packs every package, with its `prepack` script, and writes no tarball. */
export async function packAll(root: string): Promise<readonly Packed[]> {
  const names = readdirSync(join(root, 'packages')).sort()
  const packed: Packed[] = []
  // One after the other: a package may compile against the build of another.
  for (const name of names) packed.push(await pack(root, name))
  return packed
}

async function pack(root: string, name: string): Promise<Packed> {
  const folder = join(root, 'packages', name)
  const args = ['pack', '--json', '--dry-run', '--foreground-scripts=false']
  const { stdout } = await promisify(execFile)('npm', args, { cwd: folder, maxBuffer: 16 * 1024 * 1024 })
  const [{ files: packed, size, unpackedSize }] = JSON.parse(stdout.slice(stdout.indexOf('[')))
  const files: readonly string[] = packed.map(({ path }: { readonly path: string }) => path)
  const read = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'))
  const maps = files.filter((file) => file.endsWith('.map'))
  return {
    name,
    manifest: read('package.json'),
    files,
    sources: Object.fromEntries(maps.map((file) => [file, read(file).sources])),
    sizeBytes: size,
    unpackedBytes: unpackedSize,
  }
}
