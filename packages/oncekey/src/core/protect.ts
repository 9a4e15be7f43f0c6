import { acquire } from './acquire.ts'
import { type Attempt, createAttempt } from './attempt.ts'
import type { Claim } from './claim.ts'
import { InFlightError, LeaseLostError, type OncekeyError, ResultUnavailableError } from './errors.ts'
import { finish } from './finish.ts'
import { createLease, storeNowMs } from './lease.ts'
import { logHookError } from './log.ts'
import { type Outcome, type OutcomeEvent, report } from './outcome.ts'
import { loseClaim } from './renew.ts'
import type { ProtectedRequest, Replayable, Settings } from './request.ts'
import { type LoadedResult, parseResult, type StoredContent } from './result.ts'
import { type Ran, settle } from './settle.ts'

/** The life of one request: claims its key, runs the handler, stores the result; or answers from the record. */
export async function protect(
  settings: Settings,
  request: ProtectedRequest,
  run: (attempt: Attempt, claim: Claim) => unknown,
): Promise<unknown> {
  const lease = createLease(settings, request)
  const cache = settings.cache && (await settings.cache)
  const cached = cache?.get(request, storeNowMs(lease))
  if (cached !== undefined) return replay(settings, request, cached, 'replayed')

  // One conditional write. A repeat's write is refused, and the refusal carries the record.
  const found = await acquire(settings, request, lease)
  if (found.kind === 'refused') return refuse(settings, request, found.outcome, found.error)
  if (found.kind === 'completed') {
    cache?.set(request, found)
    return replay(settings, request, found, 'replayed')
  }

  const { claim } = found
  const ran = await settle(claim, () => run(createAttempt(claim), claim))
  const handlerError = ran.error
  const facts = { attempt: claim.record.attempt, isTakeover: claim.isTakeover }
  if (ran.kind === 'abandoned') {
    // The handler may still take effect, so the claim has to end by itself.
    loseClaim(claim, handlerError)
    tell(settings, request, 'completion-failed', { ...facts, error: handlerError })
    throw ran.error
  }

  // What is stored and what is answered are read at one moment: another invocation may write to the same object.
  const finishing = finish(claim, claim.isProtectedTwice ? undefined : contentToStore(request, ran))
  const ownAnswer = answerOf(request, ran)
  const end = await finishing

  switch (end.kind) {
    case 'stored':
      cache?.set(request, end)
      tell(settings, request, 'executed', {
        ...facts,
        error: end.error ?? reasonNotStored(request, end.result),
      })
      return ownAnswer()
    case 'committed':
      tell(settings, request, 'executed', facts)
      return request.responder.respond(end.result, request.source)
    case 'committed-unseen':
      if (end.result.kind === 'unavailable') return replay(settings, request, end, 'superseded', facts)
      tell(settings, request, 'executed', facts)
      return request.responder.respond(parseResult(end.result), request.source)
    case 'released':
      tell(settings, request, 'released', { ...facts, error: handlerError })
      return ownAnswer()
    case 'superseded':
      return replay(settings, request, end, 'superseded', { ...facts, error: handlerError })
    case 'in-flight': {
      // The other run's result will be the one that is stored: this run's own answer would contradict it.
      const error = new InFlightError(request.key, end.retryAfterMs, { cause: handlerError })
      if (!claim.isInDoubt) return refuse(settings, request, 'in-flight', error, facts)
      tell(settings, request, 'store-unavailable', { ...facts, error })
      return ownAnswer()
    }
    case 'failed': {
      const { error } = end
      if (!claim.isInDoubt && error instanceof LeaseLostError && handlerError === undefined) {
        return refuse(settings, request, 'completion-failed', error, facts)
      }
      const outcome = claim.isInDoubt ? 'store-unavailable' : 'completion-failed'
      tell(settings, request, outcome, { ...facts, error })
      if (!claim.isInDoubt) request.execution?.failToEnd(error)
      return ownAnswer()
    }
  }
}

/** Returns why there is nothing to replay, if there is not. */
function reasonNotStored({ key }: ProtectedRequest, result: LoadedResult): OncekeyError | undefined {
  return result.kind === 'unavailable'
    ? new ResultUnavailableError(key, result.reason, result.status)
    : undefined
}

type Facts = Pick<OutcomeEvent, 'attempt' | 'isTakeover' | 'error'>

function tell(
  settings: Settings,
  { invocation, id, key }: ProtectedRequest,
  outcome: Outcome,
  facts?: Facts,
): void {
  report(settings, invocation, outcome, { key, id, ...facts })
}

/** Answers with the error, in the form that the event's source takes. */
function refuse(
  settings: Settings,
  request: ProtectedRequest,
  outcome: Outcome,
  error: OncekeyError,
  facts?: Facts,
): unknown {
  tell(settings, request, outcome, { ...facts, error })
  return request.responder.refuse(error, request.source, request.invocation)
}

/** Answers with a stored result, or with the error that it was not stored. */
async function replay(
  settings: Settings,
  request: ProtectedRequest,
  { result, record }: Replayable,
  outcome: 'replayed' | 'superseded',
  facts?: Facts,
): Promise<unknown> {
  if (result.kind === 'unavailable') {
    const error = new ResultUnavailableError(request.key, result.reason, result.status)
    return refuse(settings, request, 'replay-unavailable', error, facts)
  }
  tell(settings, request, outcome, facts)
  const answer = (): unknown => request.responder.replay(parseResult(result), request.source)
  if (settings.onReplay === undefined) return answer()
  try {
    const { event, context } = request.invocation
    return await settings.onReplay(answer(), event, context, record)
  } catch (error) {
    logHookError(settings.logger, 'onReplay', error)
    return answer()
  }
}

/** Never throws: the work is done, and a rule about its result that fails must not make it run again. */
function contentToStore(
  { responder, source, invocation }: ProtectedRequest,
  ran: Ran,
): StoredContent | undefined {
  try {
    if (ran.kind === 'returned') return responder.toStore(ran.result, source, invocation)
    return ran.kind === 'threw' ? responder.errorToStore(ran.error, source, invocation) : undefined
  } catch (error) {
    return {
      unavailable: `the rule for storing it threw (${error instanceof Error ? error.name : 'thrown'})`,
    }
  }
}

/** Returns a function that returns or throws the handler's own answer, as it is at this moment. */
function answerOf({ responder, source }: ProtectedRequest, ran: Ran): () => unknown {
  const fail = (error: unknown) => (): never => {
    throw error
  }
  if (ran.kind === 'not-run') return () => undefined
  if (ran.kind !== 'returned') return fail(ran.error)
  try {
    const answer = responder.respond(ran.result, source)
    return () => answer
  } catch (error) {
    return fail(error)
  }
}
