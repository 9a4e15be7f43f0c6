/** What Lambda tells a function of one invocation. It crosses from thread to thread, so it is plain. */
export interface InvocationFacts {
  readonly requestId: string
  readonly functionName: string
  readonly functionArn: string
  readonly memoryMb: number
  /** When Lambda will cut the invocation off, epoch milliseconds. */
  readonly deadlineMs: number
}

/**
 * The context object of Lambda's own Node runtime, without the callbacks that Node 24's no longer has.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html
 */
export function createLambdaContext({
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
