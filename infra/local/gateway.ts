import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { gatewayAnswer, readHttpApiResult, type WireAnswer } from './http-api-answer.ts'
import { createHttpApiEvent, splitTarget, type WireRequest } from './http-api-event.ts'
import type { Sandboxes } from './sandboxes.ts'
import type { MatchRoute } from './template-routes.ts'

/** Runs the function of this name; `undefined` if there is no such function. */
export type Invoke = (
  functionName: string,
  event: APIGatewayProxyEventV2,
) => Promise<Awaited<ReturnType<Sandboxes['invoke']>> | undefined>

/** What an HTTP API does with a request. */
export async function answerAsHttpApi(
  request: WireRequest,
  matchRoute: MatchRoute,
  invoke: Invoke,
): Promise<WireAnswer> {
  const match = matchRoute(request.method, splitTarget(request.target).rawPath)
  const report = match && (await invoke(match.functionName, createHttpApiEvent(request, match, Date.now())))
  if (!report) return gatewayAnswer(404, 'Not Found')
  return 'error' in report ? gatewayAnswer(500, 'Internal Server Error') : readHttpApiResult(report.payload)
}
