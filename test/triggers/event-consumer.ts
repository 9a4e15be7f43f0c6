import type { Context } from 'aws-lambda'
import type { Store } from '../../packages/oncekey/src/core/store.ts'
import type { IdempotentContext } from '../../packages/oncekey/src/entries/context.ts'
import { idempotentHandler } from '../../packages/oncekey/src/entries/handler.ts'
import type { IdempotencyOptions } from '../../packages/oncekey/src/options.ts'
import { lambdaContext } from './fixtures.ts'

/** A consumer of any event, that counts its runs and answers with the count. */
export function eventConsumer(
  store: Store,
  options: IdempotencyOptions = {},
  context: Context = lambdaContext(),
) {
  let runs = 0
  const handler = idempotentHandler(
    async (_event: unknown, { idempotency }: IdempotentContext) => ({ run: ++runs, key: idempotency?.key }),
    store,
    options,
  )
  return { runs: () => runs, handle: (event: unknown) => handler(event, context) }
}
