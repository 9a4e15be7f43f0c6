import type { MiddlewareObj } from '@middy/core'
import type { IdempotentContext } from './context.ts'
import { withAttempt } from './context.ts'
import type { GuardedRun } from './guarded-run.ts'
import { createInvoke } from './invocation.ts'
import { type WatchedResponse, watchResponse } from './middy-response.ts'
import type { IdempotencyOptions } from './options.ts'
import type { Store } from './protocol/store.ts'

interface Taken {
  readonly guarded: GuardedRun
  readonly watched: WatchedResponse
}

/**
 * A Middy middleware that makes the handler safe to retry. Register it last (innermost), so that nothing stands
 * between the claim and the handler.
 *
 * @param table the table's name, or a store.
 * @throws TypeError at cold start, if the table or an option makes no sense.
 * @see {@link IdempotencyOptions} for every option and its default
 */
export function idempotent<TEvent = unknown, TResult = unknown>(
  table: string | Store,
  options?: IdempotencyOptions,
): Required<Pick<MiddlewareObj<TEvent, TResult, Error, IdempotentContext>, 'before' | 'after' | 'onError'>> {
  const invoke = createInvoke('idempotent', table, options)
  /** By request, not in `request.internal`: that may be shared by all requests of the process. */
  const runs = new WeakMap<object, Taken>()
  const take = (request: object): Taken | undefined => {
    const found = runs.get(request)
    runs.delete(request)
    return found
  }

  return {
    async before(request) {
      const invocation = await invoke(request.event, request.context)
      if (invocation.kind === 'pass') return
      if (invocation.kind === 'answer') {
        // Middy takes `undefined` for "go on", so the answer is set where it looks for one.
        request.earlyResponse = invocation.answer as TResult
        return
      }
      const { guarded } = invocation
      request.context = withAttempt(request.context, guarded.attempt)
      // A middleware registered after this one may answer in place of the hooks below, which are then not called.
      const watched = watchResponse(request, async ({ hook, value }) => {
        const taken = take(request)
        if (taken === undefined) return value
        if (hook === 'after') return taken.guarded.returned(value)
        if (hook === 'before') await taken.guarded.didNotRun()
        const answer = hook === 'onError' ? await endFailed(taken, request.error) : notAnswered
        return answer === notAnswered ? value : answer
      })
      runs.set(request, { guarded, watched })
    },

    async after(request) {
      const taken = take(request)
      if (taken !== undefined) request.response = (await taken.guarded.returned(request.response)) as TResult
    },

    async onError(request) {
      const taken = take(request)
      if (taken === undefined) return
      const answer = await endFailed(taken, request.error)
      if (answer !== notAnswered) request.response = answer as TResult
    },
  }
}

/** Ends a run after an error, whoever threw it. Gives the answer to that, if there is one. */
async function endFailed({ guarded, watched }: Taken, error: unknown): Promise<unknown> {
  const handlerResult = watched.handlerResult()
  if (handlerResult !== undefined) {
    // The handler returned, and another middleware's `after` threw before ours came: the work is done.
    await guarded.returned(handlerResult.value).catch(() => undefined)
    return notAnswered
  }
  return guarded.threw(error).catch((thrown: unknown) => {
    if (thrown === error) return notAnswered
    throw thrown
  })
}

/** Told apart from every answer, `undefined` included. */
const notAnswered = Symbol('not answered')
