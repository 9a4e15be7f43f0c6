import { isMembers, membersOf, type NativeEvent } from './request.ts'

/**
 * Reads what an agent of Amazon Bedrock sends to an action group that is described by OpenAPI or by function details.
 * It has no id of its own, and the caller is the session: an agent may answer many people at once. What the user said
 * does not count, as an agent that tries again may put it in other words.
 * @see https://docs.aws.amazon.com/bedrock/latest/userguide/agents-lambda.html
 */
export function readBedrock(event: unknown): NativeEvent | undefined {
  const { messageVersion, agent, sessionId, actionGroup, parameters, requestBody, ...call } = membersOf(event)
  const { apiPath, httpMethod, function: name } = call
  const isWhole =
    typeof messageVersion === 'string' && typeof sessionId === 'string' && typeof actionGroup === 'string'
  const operation =
    typeof apiPath === 'string' && typeof httpMethod === 'string'
      ? [httpMethod, apiPath]
      : typeof name === 'string'
        ? [name]
        : undefined
  if (!isWhole || !isMembers(agent) || operation === undefined) return undefined
  const bodies = Object.entries(membersOf(membersOf(requestBody).content))
  return {
    native: undefined,
    about: [actionGroup, ...operation],
    content: {
      parsed: [byName(parameters), bodies.map(([type, body]) => [type, byName(membersOf(body).properties)])],
    },
    caller: JSON.stringify(['bedrock', String(agent.id), sessionId]),
  }
}

/** A call that the agent is told has failed may be made again: its answer must not be replayed. */
export function isFinalBedrockResult(result: unknown): boolean {
  const { httpStatusCode, functionResponse } = membersOf(membersOf(result).response)
  return membersOf(functionResponse).responseState === undefined && !(Number(httpStatusCode) >= 500)
}

/** The model chooses the order of parameters. */
function byName(parameters: unknown): readonly unknown[] {
  const list: readonly unknown[] = Array.isArray(parameters) ? parameters : []
  const nameOf = (parameter: unknown): string => String(membersOf(parameter).name)
  return list.toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1))
}
