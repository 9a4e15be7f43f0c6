import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { createTable } from '../support/tables.ts'

const root = join(import.meta.dirname, '../..')

/** The environment that a program inherits: enough to run npm, and nothing of this workspace or its test runner. */
const INHERITED =
  /^(PATH|HOME|TMPDIR|https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|npm_config_(registry|cache|userconfig))$/i

const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => INHERITED.test(name)))

async function run(cwd: string, command: string, args: readonly string[], env: object = {}): Promise<string> {
  const running = promisify(execFile)(command, args, {
    cwd,
    env: { ...inherited, ...env },
    maxBuffer: 64 * 1024 * 1024,
  })
  const { stdout } = await running.catch((failure: { readonly stdout: string; readonly stderr: string }) => {
    throw new Error(`${basename(command)} ${args.join(' ')}\n${failure.stdout}\n${failure.stderr}`)
  })
  return stdout.trim()
}

/** An empty folder outside the workspace, into which packed packages are installed. */
export interface Project extends Disposable {
  readonly folder: string
  /** Runs a command of the project, or a program by its path. @returns what it printed */
  run(command: string, args: readonly string[], env?: object): Promise<string>
  /** Runs a program of Node.js on a table of its own in DynamoDB Local, in the environment of a Lambda function. */
  onTable(
    args: readonly string[],
    options?: { readonly node?: string; readonly env?: object },
  ): Promise<string>
}

const folders: string[] = []

function createFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `oncekey-${name}-`))
  folders.push(folder)
  return folder
}

export function removeFolders(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
}

/** Packs the packages as `npm publish` would. @returns the path of each tarball, by the package's name */
export async function packAll(): Promise<Readonly<Record<string, string>>> {
  const folder = createFolder('tarballs')
  const names = ['oncekey', 'oncekey-cdk', 'oncekey-cli']
  const workspaces = names.flatMap((name) => ['-w', name])
  const output = await run(root, 'npm', ['pack', '-s', '--pack-destination', folder, ...workspaces])
  const files = output.split('\n').filter((line) => line.endsWith('.tgz'))
  return Object.fromEntries(names.map((name, n) => [name, join(folder, files[n] ?? '')]))
}

/** Installs packages into a folder with the files of `projects/<files>`. */
export async function createProject(
  files: string,
  packages: readonly string[],
  type = 'commonjs',
): Promise<Project> {
  const folder = createFolder(files)
  cpSync(join(import.meta.dirname, 'projects', files), folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type }))
  const quietly = [
    '--silent',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--prefer-offline',
    '--save-exact',
  ]
  await run(folder, 'npm', ['install', ...quietly, ...packages])
  const programOf = (command: string): string =>
    /[/]/.test(command) || command === 'node' ? command : join(folder, 'node_modules/.bin', command)
  return {
    folder,
    run: (command, args, env) => run(folder, programOf(command), args, env),
    async onTable(args, { node = 'node', env = {} } = {}) {
      const { name, endpoint } = await createTable()
      const lambda = {
        AWS_ENDPOINT_URL_DYNAMODB: endpoint,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
        IDEMPOTENCY_TABLE: name,
      }
      return run(folder, programOf(node), args, { ...lambda, ...env })
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Returns the path of a version of Node.js. */
export function findNode(version: string): Promise<string> {
  return run(tmpdir(), 'npx', ['-y', '-p', `node@${version}`, 'node', '-p', 'process.execPath'])
}
