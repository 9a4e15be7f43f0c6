/** Why no durable execution is protected, and what to do instead. */
export const DURABLE_NOTE =
  'Oncekey does not protect a Lambda durable execution, which keeps checkpoints of its own. To start an execution once, give it a name made of your key.'

/**
 * Returns whether this is the context of a Lambda durable execution. One execution invokes the function again and again
 * with the same event: the second invocation would find the claim of the first one in progress.
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
