import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { parentPort, workerData } from 'node:worker_threads'

/** The facts of an invocation that its context is made of. They are plain data, because they are sent to a thread. */
export interface InvocationFacts {
  readonly requestId: string
  readonly functionName: string
  readonly functionArn: string
  readonly memoryMb: number
  /** When the invocation will be terminated, in epoch milliseconds. */
  readonly deadlineMs: number
}

/** The end of an invocation: the JSON of the result, or a description of the error. */
export type Report = { readonly payload: string | undefined } | { readonly error: string }

// This thread is a sandbox: it loads the function once, reports that it is ready, and then runs one invocation at a time.
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

/**
 * Returns a context object like that of Lambda's Node.js 24 runtime, which has no callback methods.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html
 */
function createLambdaContext({
  requestId,
  functionName,
  functionArn,
  memoryMb,
  deadlineMs,
}: InvocationFacts) {
  return {
    awsRequestId: requestId,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: functionArn,
    memoryLimitInMB: `${memoryMb}`,
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'local',
    callbackWaitsForEmptyEventLoop: true,
    identity: undefined,
    clientContext: undefined,
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
  }
}
