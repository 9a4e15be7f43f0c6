import type { Context } from 'aws-lambda'

interface Deadline {
  readonly remainingMs?: number
  /** The function's own clock: as in the real runtime, what remains is the service's deadline less this clock's time. */
  readonly nowMs?: () => number
}

/** The context of one invocation that begins now, as the Node.js runtime makes it. */
export function lambdaContext({ remainingMs = 10_000, nowMs = Date.now }: Deadline = {}): Context {
  const deadlineMs = Date.now() + remainingMs
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: 'payments',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:payments',
    memoryLimitInMB: '512',
    awsRequestId: '5e2f8d1c-6f0a-4d6e-9b0f-2d4a1c3b5e7f',
    logGroupName: '/aws/lambda/payments',
    logStreamName: '2026/11/22/[$LATEST]0123456789abcdef',
    getRemainingTimeInMillis: () => deadlineMs - nowMs(),
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  }
}
