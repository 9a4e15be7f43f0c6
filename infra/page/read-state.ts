import type { DemoState } from './demo-state.ts'

/** @throws if the local server is not there. */
export async function readState(method: 'GET' | 'DELETE' = 'GET'): Promise<DemoState> {
  const response = await fetch('/page/state', { method })
  if (!response.ok) throw new Error(`The local server answered ${response.status}.`)
  return response.json()
}
