import middy from '@middy/core'
import type { Protect } from './contender.ts'

/** The handler under Middy, without a middleware. */
export const protect: Protect = (work) => {
  const handler = middy(work)
  return async (event, context) => handler(event, context)
}
