import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { parentPort, workerData } from 'node:worker_threads'
import { createLambdaContext, type InvocationFacts } from './lambda-context.ts'

/** What the runtime reports of an invocation: the result's JSON, or the error in words. */
export type Report = { readonly payload: string | undefined } | { readonly error: string }

// The inside of a sandbox: it loads the function once, says so, and then runs one invocation at a time.
const { [workerData.exportName]: handler }: Record<string, unknown> = await import(
  pathToFileURL(workerData.file).href
)
if (typeof handler !== 'function') throw new Error(`${workerData.file} exports no ${workerData.exportName}.`)

const run = async (event: unknown, facts: InvocationFacts): Promise<Report> => {
  try {
    return { payload: JSON.stringify(await handler(event, createLambdaContext(facts))) }
  } catch (error) {
    return { error: inspect(error) }
  }
}

parentPort?.on('message', ({ event, facts }: { event: unknown; facts: InvocationFacts }) => {
  void run(event, facts).then((report) => parentPort?.postMessage(report))
})
parentPort?.postMessage('ready')
