import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { parentPort, workerData } from 'node:worker_threads'
import { createLambdaContext, type InvocationFacts } from './lambda-context.ts'

/** What the runtime reports of an invocation: the result's JSON, or the error in words. */
export type Report = { readonly payload: string | undefined } | { readonly error: string }

// The rest of a sandbox: it loads the function once, and then runs one invocation at a time.
const loaded: Promise<Record<string, unknown>> = import(pathToFileURL(workerData.file).href)

parentPort?.on('message', ({ event, facts }: { event: unknown; facts: InvocationFacts }) => {
  void run(event, facts).then((report) => parentPort?.postMessage(report))
})

async function run(event: unknown, facts: InvocationFacts): Promise<Report> {
  try {
    const handler = (await loaded)[workerData.exportName]
    if (typeof handler !== 'function')
      throw new Error(`${workerData.file} exports no ${workerData.exportName}.`)
    return { payload: JSON.stringify(await handler(event, createLambdaContext(facts))) }
  } catch (error) {
    return { error: inspect(error) }
  }
}
