import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
/** The emulator and all its dependencies, at the versions that were tested. */
const requirements = fileURLToPath(new URL('./requirements.txt', import.meta.url))
const ownFolder = fileURLToPath(new URL('../../.ministack', import.meta.url))
const INSTALL_HINT =
  'Install Python 3.10 or later with its venv module (Debian: apt-get install python3-venv).'

/**
 * Installs MiniStack into a virtual environment, unless the required version is already installed, and returns the
 * path of its Python.
 *
 * @throws Error if Python, its venv module or a package is missing; the message says what to do.
 */
export async function installEmulator({ folder = ownFolder, python = 'python3' } = {}): Promise<string> {
  const installed = join(folder, 'bin', 'python')
  // Written last, so that an interrupted installation is not mistaken for a complete one.
  const stamp = join(folder, 'installed.txt')
  const isCurrent = existsSync(stamp) && readFileSync(stamp, 'utf8') === readFileSync(requirements, 'utf8')
  if (isCurrent && existsSync(installed)) return installed

  await rm(folder, { recursive: true, force: true })
  await attempt(`make a Python environment in ${folder}`, INSTALL_HINT, python, ['-m', 'venv', folder])
  await attempt(
    'install the AWS emulator from the Python package index',
    'Check the network, or set PIP_INDEX_URL to an index that can be reached.',
    installed,
    // The list contains all dependencies.
    ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '-r', requirements],
  )
  await cp(requirements, stamp)
  return installed
}

async function attempt(what: string, hint: string, command: string, args: readonly string[]): Promise<void> {
  try {
    await run(command, args)
  } catch (error) {
    const { message, stdout, stderr }: { message: string; stdout?: string; stderr?: string } = Object(error)
    const lastOutput = `${stdout ?? ''}${stderr ?? ''}`.trim().slice(-500) || message
    throw new Error(`npm run test:deploy cannot ${what} (${lastOutput}). ${hint}`)
  }
}
