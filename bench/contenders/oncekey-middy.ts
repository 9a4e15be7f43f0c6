import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { type IdempotentContext, idempotent } from 'oncekey'
import type { Handler, Protect } from './contender.ts'

export const protect: Protect = (work, client, table) => {
  const handler = middy<unknown, unknown, Error, IdempotentContext>(work).use(idempotent(table, { client }))
  // Middy's type asks for the context that its middlewares make.
  const run: Handler = (event, context: Context) => handler(event, context as IdempotentContext)
  return run
}
