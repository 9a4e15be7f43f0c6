import type { IdempotencyOptions } from '../options.ts'

let warming: Promise<void> | undefined

/**
 * Starts the warm-up of a function, once per process: during the initialization of a Lambda function whose table is
 * given by name, without a client. `AWS_LAMBDA_INITIALIZATION_TYPE` is set by the service only, never in a test.
 */
export function startWarmUp(table: unknown, { warmUp = true, client }: IdempotencyOptions): void {
  if (!warmUp || client !== undefined || typeof table !== 'string' || warming !== undefined) return
  if (process.env.AWS_LAMBDA_INITIALIZATION_TYPE === undefined) return
  warming = import('../features/warm-up.ts').then((feature) => feature.warmUp(table)).catch(() => undefined)
  void warming.then(() => {
    isWarm = true
  })
}

let isWarm = false

/** Returns the warm-up under way, if there is one: the first invocation joins it. */
export function pendingWarmUp(): Promise<void> | undefined {
  return isWarm ? undefined : warming
}

/**
 * Resolves once the warm-up is done. Await it at the top level of the module, so that it is part of the cold start's
 * initialization: `await warmedUp()`. Without it, the first invocation waits for what is left of it.
 */
export async function warmedUp(): Promise<void> {
  await warming
}
