import { lambdaContext } from 'oncekey/testing'
import type { Protected } from './middies.ts'

export interface Invocation {
  readonly id: number
  readonly event: unknown
  readonly deadlineMs: number
}

export type Reply = { readonly id: number } & ({ readonly response: unknown } | { readonly threw: string })

/** In a process of its own: answers what its parent asks, several at once if it asks so, as Lambda's runtime does. */
export function serveInvocations(handler: Protected): void {
  process.on('message', ({ id, event, deadlineMs }: Invocation) => {
    const context = lambdaContext({ remainingMs: deadlineMs - Date.now() })
    handler(event, context).then(
      (response) => process.send?.({ id, response } satisfies Reply),
      (error: unknown) => process.send?.({ id, threw: String(error) } satisfies Reply),
    )
  })
  // A parent that is gone asks nothing more.
  process.on('disconnect', () => process.exit())
  process.send?.('ready')
}
