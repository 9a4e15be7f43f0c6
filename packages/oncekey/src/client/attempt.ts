import type { Answer, Problem } from './retry-rule.ts'

export type Send = (request: Request, init: { readonly signal: AbortSignal }) => Promise<Response>

/** What one attempt came to: an answer, read whole, or the reason why there was none. */
type Ended =
  | { readonly answer: Answer; readonly response: Response }
  | { readonly answer?: undefined; readonly error: unknown }

export async function attempt(send: Send, request: Request, signal: AbortSignal): Promise<Ended> {
  try {
    const response = await send(request, { signal })
    const { status, headers } = response
    // To the end, before anybody relies on it: a connection can be lost half-way.
    const text = await response.clone().text()
    const isProblem = headers.get('content-type')?.includes('application/problem+json') ?? false
    return { response, answer: { status, headers, problem: isProblem ? parse(text) : {} } }
  } catch (error) {
    return { error }
  }
}

function parse(json: string): Problem {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
