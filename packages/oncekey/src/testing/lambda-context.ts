import type { Context } from 'aws-lambda'

/** The facts of an invocation. Every other member of Lambda's context can be given too. */
export interface LambdaContextFacts extends Partial<Omit<Context, 'getRemainingTimeInMillis'>> {
  /** The time that is left when the invocation begins, in milliseconds. @default 10 seconds */
  readonly remainingMs?: number
  /** The clock by which that time passes. @default the system's */
  readonly clock?: { nowMs(): number }
}

/** Returns the context of one invocation that begins now, as the Node.js runtime makes it. */
export function lambdaContext({
  remainingMs = 10_000,
  clock = { nowMs: Date.now },
  ...facts
}: LambdaContextFacts = {}): Context {
  const deadlineMs = clock.nowMs() + remainingMs
  const { functionName = 'payments' } = facts
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:eu-central-1:123456789012:function:${functionName}`,
    memoryLimitInMB: '512',
    awsRequestId: '5e2f8d1c-6f0a-4d6e-9b0f-2d4a1c3b5e7f',
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: '2026/11/22/[$LATEST]0123456789abcdef',
    getRemainingTimeInMillis: () => deadlineMs - clock.nowMs(),
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
    ...facts,
  }
}
