/**
 * Whether this is the context of a Lambda durable execution. One execution invokes the function again and again with
 * the same event: the second invocation would find the first one's claim in flight.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/durable-functions.html
 */
export function isDurable(context: unknown): boolean {
  return (
    typeof context === 'object' &&
    context !== null &&
    'lambdaContext' in context &&
    'executionContext' in context
  )
}

export const DURABLE_NOTE =
  'Under Lambda durable execution Oncekey stands aside: the execution keeps its own checkpoints. Start it with an execution name made of your key; the same name then starts it once.'

let isTold = false

/** Once per process: it is a note on how the function is built, not on one event. */
export function warnOfDurable(): void {
  if (isTold) return
  isTold = true
  process.emitWarning(DURABLE_NOTE, { type: 'OncekeyWarning', code: 'ONCEKEY_DURABLE' })
}
