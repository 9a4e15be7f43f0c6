import middy7, { type MiddlewareObj } from '@middy/core'
import type { Context } from 'aws-lambda'
import middy6 from 'middy6'
import type { IdempotentContext } from 'oncekey'

export type Work = (event: unknown, context: IdempotentContext) => unknown
export type Protected = (event: unknown, context: Context) => Promise<unknown>
export type Middleware = MiddlewareObj<unknown, unknown, Error, IdempotentContext>
export interface Plugin {
  readonly internal?: Record<string, unknown>
  readonly timeoutEarlyInMillis?: number
  readonly afterHandler?: () => void
}

export interface Middy {
  readonly version: string
  /** The handler with these middlewares, the outermost first. */
  assemble(work: Work, middlewares: readonly Middleware[], plugin?: Plugin): Protected
}

/** Both Middies that are supported. It is our middleware that gives the context its attempt. */
export const middies: readonly [Middy, Middy] = [
  {
    version: 'Middy 6',
    assemble(work, middlewares, plugin) {
      const handler = middy6<unknown, unknown, Error, IdempotentContext>(work, plugin).use([...middlewares])
      return async (event, context) => handler(event, context as IdempotentContext)
    },
  },
  {
    version: 'Middy 7',
    assemble(work, middlewares, plugin) {
      const handler = middy7<unknown, unknown, Error, IdempotentContext>(work, plugin).use([...middlewares])
      return async (event, context) => handler(event, context as IdempotentContext)
    },
  },
]
