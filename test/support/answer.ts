/** What a client sees of one invocation. */
export interface Answer {
  /** `201`, `201 replayed`, `threw Error`, or `cut off` if the function's time was over first. */
  readonly text: string
  /** As the function gave it. */
  readonly response: unknown
  readonly body: unknown
  readonly headers: Readonly<Record<string, string>>
  readonly error: unknown
}

/** Waits as API Gateway does: until the answer, the error, or the end of the function's time. */
export async function watchAnswer(invocation: Promise<unknown>, remainingMs: number): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined
  const cutOff = new Promise<Answer>((resolve) => {
    timer = setTimeout(resolve, remainingMs, { ...SILENT, text: 'cut off' })
  })
  const answered = invocation.then(asAnswer, (error: unknown) => ({
    ...SILENT,
    text: `threw ${error instanceof Error ? error.name : typeof error}`,
    error,
  }))
  const answer = await Promise.race([answered, cutOff])
  clearTimeout(timer)
  return answer
}

const SILENT = { response: undefined, body: undefined, headers: {}, error: undefined } as const

export function asAnswer(response: unknown): Answer {
  const { statusCode, body, headers } = Object(response)
  const names: Record<string, string> = Object.fromEntries(
    Object.entries(Object(headers)).map(([name, value]) => [name.toLowerCase(), String(value)]),
  )
  const replayed = names['idempotent-replayed'] === 'true' ? ' replayed' : ''
  return { text: `${statusCode}${replayed}`, response, body, headers: names, error: undefined }
}
