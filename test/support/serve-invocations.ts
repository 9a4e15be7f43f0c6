import { lambdaContext } from './lambda-context.ts'
import type { Protected } from './middies.ts'

interface Invocation {
  readonly event: unknown
  readonly deadlineMs: number
}

export type Reply = { readonly response: unknown } | { readonly threw: string }

/** In a process of its own: answers what its parent asks, as Lambda's runtime does. */
export function serveInvocations(handler: Protected): void {
  process.on('message', ({ event, deadlineMs }: Invocation) => {
    const context = lambdaContext({ remainingMs: deadlineMs - Date.now() })
    handler(event, context).then(
      (response) => process.send?.({ response } satisfies Reply),
      (error: unknown) => process.send?.({ threw: String(error) } satisfies Reply),
    )
  })
  // A parent that is gone asks nothing more.
  process.on('disconnect', () => process.exit())
  process.send?.('ready')
}
