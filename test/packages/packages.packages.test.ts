import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createProject, findNode, type Project, packAll, removeFolders } from './project.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

const REPLAYED = '201 replayed'
/** Lambda's runtimes do not load ES modules with `require`. */
const LAMBDA_FLAGS = ['--no-experimental-require-module']
const TYPES = '@types/node@24.19.2'

let tarballs: Readonly<Record<string, string>>
const tarball = (name: string): string => tarballs[name] ?? ''

beforeAll(async () => {
  tarballs = await packAll()
})
afterAll(removeFolders)

type Mode = readonly [name: string, module: string, resolution: string, suffix: '' | '-commonjs']

const NODE_NEXT: Mode = ['NodeNext, ES module', 'nodenext', 'nodenext', '']
const COMMON_JS: Mode = ['NodeNext, CommonJS', 'nodenext', 'nodenext', '-commonjs']
const BUNDLER: Mode = ['bundler', 'esnext', 'bundler', '']

/** Compiles with every check of the files and of the declarations that they import. @returns the program */
async function compile(
  project: Project,
  version: string,
  [, module, resolution, suffix]: Mode,
): Promise<string> {
  const extension = suffix === '' ? 'ts' : 'cts'
  const folder = `${version}-${resolution}`
  const strictly = [
    '--strict',
    '--exactOptionalPropertyTypes',
    '--skipLibCheck',
    'false',
    '--types',
    'node',
    '--declaration',
  ]
  const to = ['--target', 'es2022', '--module', module, '--moduleResolution', resolution, '--outDir', folder]
  const files = ['claim', 'subpaths'].map((file) => `${file}${suffix}.${extension}`)
  await project.run('node', [`node_modules/typescript-${version}/bin/tsc`, ...strictly, ...to, ...files])
  return `${folder}/claim${suffix}.${extension.replace('ts', 'js')}`
}

describe('with nothing else installed', () => {
  const compilers = {
    'TypeScript 5.4': '5.4.5',
    'TypeScript 5.9': '5.9.3',
    'TypeScript 6': '6.0.3',
    'TypeScript 7': '7.0.2',
  }
  let project: Project
  beforeAll(async () => {
    const aliases = Object.values(compilers).map(
      (version) => `typescript-${version}@npm:typescript@${version}`,
    )
    project = await createProject(
      'plain',
      [tarball('oncekey'), TYPES, 'esbuild@0.28.2', ...aliases],
      'module',
    )
    for (const file of ['claim', 'subpaths']) {
      cpSync(join(project.folder, `${file}.ts`), join(project.folder, `${file}-commonjs.cts`))
    }
  })

  describe.each(Object.entries(compilers))('%s', (_, version) => {
    it.each([NODE_NEXT, COMMON_JS, BUNDLER])('compiles and runs: %s', async (...mode) => {
      expect(await project.onTable([await compile(project, version, mode)])).toBe(REPLAYED)
    })
  })

  it.each([
    ['22', LAMBDA_FLAGS],
    ['24', LAMBDA_FLAGS],
    ['26', []],
  ])('Node.js %s runs the ES module and CommonJS, with the flags of Lambda %j', async (version, flags) => {
    const node = await findNode(version)
    for (const mode of [NODE_NEXT, COMMON_JS]) {
      const program = await compile(project, compilers['TypeScript 7'], mode)
      expect(await project.onTable([...flags, program], { node })).toBe(REPLAYED)
    }
  })

  it.each([
    ['ES modules, split', ['claim.ts', '--format=esm', '--splitting', '--outdir=esm'], 'esm/claim.js'],
    ['one CommonJS file', ['claim.ts', '--format=cjs', '--outfile=one.cjs'], 'one.cjs'],
    [
      'one CommonJS file of modules that are required',
      ['required.cjs', '--format=cjs', '--outfile=two.cjs', '--external:@aws-sdk/*'],
      'two.cjs',
    ],
  ])('esbuild makes %s', async (_, args, program) => {
    await project.run('esbuild', ['--bundle', '--platform=node', '--minify', '--log-level=error', ...args])
    expect(await project.onTable([...LAMBDA_FLAGS, program])).toBe(REPLAYED)
  })

  it('the split bundle keeps in files of their own what is loaded on use', () => {
    const files = readdirSync(join(project.folder, 'esm'))
    expect(files).toEqual(
      expect.arrayContaining([expect.stringMatching(/^step-/), expect.stringMatching(/^sdk-/)]),
    )
  })

  it('a store of the CommonJS copy serves a handler of the other copy', async () => {
    expect(await project.onTable(['both-formats.mjs'])).toBe('503 true true false')
  })

  it('an environment that needs the AWS SDK gets an error that says so', async () => {
    const printed = await project.onTable(['without-credentials.mjs'], { env: { AWS_ACCESS_KEY_ID: '' } })
    expect(printed).toMatch(
      /^store-unavailable false .*\(SdkMissingError\): install @aws-sdk\/client-dynamodb/,
    )
  })
})

describe('with Middy', () => {
  it.each(['6.4.5', '7.9.2'])('%s compiles and runs', async (version) => {
    const packages = [tarball('oncekey'), TYPES, 'typescript@5.9.3', `@middy/core@${version}`]
    using project = await createProject('middy', packages, 'module')
    // Middy 7's own declarations import a package that it does not install.
    const options = [
      '--strict',
      '--skipLibCheck',
      '--target',
      'es2022',
      '--module',
      'nodenext',
      '--outDir',
      'out',
    ]
    await project.run('tsc', [...options, 'claim.ts'])
    expect(await project.onTable(['out/claim.js'])).toBe(REPLAYED)
  })
})

describe('with the AWS SDK', () => {
  it.each(['3.363.0', '3.1162.0'])(
    '%s compiles, claims and commits, as modules and in one file',
    async (version) => {
      const utility = version === '3.1162.0' ? '3.996.9' : version
      const sdk = [`@aws-sdk/client-dynamodb@${version}`, `@aws-sdk/util-dynamodb@${utility}`]
      const packages = [tarball('oncekey'), TYPES, 'typescript@5.9.3', 'esbuild@0.28.2', ...sdk]
      using project = await createProject('sdk', packages)
      const printed = '1 [{"booked":true},{"booked":true}]'
      const options = ['--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', '--target', 'es2022']
      await project.run('tsc', [...options, '--module', 'nodenext', '--outDir', 'out', 'commit.ts'])
      expect(await project.onTable(['out/commit.js'])).toBe(printed)
      const bundle = ['--bundle', '--platform=node', '--outfile=bundle.cjs', '--log-level=error']
      await project.run('esbuild', ['commit.ts', ...bundle])
      expect(await project.onTable(['bundle.cjs'])).toBe(printed)
    },
  )
})

describe('as `cdk init` makes a project', () => {
  it('aws-cdk-lib 2.220 and Jest 30 synthesize the table, and see a replay', async () => {
    const jest = ['jest@30.5.2', '@types/jest@30.0.0', 'ts-jest@29.4.15', 'typescript@5.9.3', TYPES]
    const cdk = ['aws-cdk-lib@2.220.0', 'constructs@10.4.2']
    using project = await createProject('cdk-init', [
      tarball('oncekey'),
      tarball('oncekey-cdk'),
      ...jest,
      ...cdk,
    ])
    await project.run('tsc', ['--noEmit'])
    await project.onTable(['node_modules/jest/bin/jest.js', '--ci', '--silent'])
  })
})

describe('the command', () => {
  it('is installed with its packages, and reads a table', async () => {
    using project = await createProject('sdk', [tarball('oncekey'), tarball('oncekey-cli')])
    const version = await project.run('oncekey', ['--version'])
    expect(version).toMatch(/^\d+\.\d+\.\d+$/)
    expect(await project.onTable(['node_modules/oncekey-cli/dist/main.js', 'doctor'])).toContain('table')
  })
})
