import type { Attempt } from '../../packages/oncekey/src/core/attempt.ts'

/** What a handler of the explorer has at hand. */
export interface Desk {
  readonly attempt: Attempt
  renew(): Promise<boolean>
  /**
   * Is at work until the explorer says that it is done, or that it fails. `effect` names what the world keeps of it
   * if it is done.
   */
  work(effect?: string): Promise<void>
}

/** `name` is the request's, and the result that it asks to be answered with. */
export type Handler = (desk: Desk, name: string) => Promise<string>

/** What a handler throws of its own. */
export class HandlerError extends Error {
  override readonly name = 'HandlerError'
}

export const charges: Handler = async ({ work }, name) => {
  await work('charge')
  return name
}

export const reservesThenCharges: Handler = async ({ attempt, work }, name) => {
  await attempt.step('reserve', async () => {
    await work('reserve')
    return name
  })
  await work('charge')
  return name
}

/** The charge is a write of its commit. Whatever became of that, it goes on, and returns something else or throws. */
export const commitsThenGoesOn: Handler = async ({ attempt, work }, name) => {
  await attempt.commit(name, []).catch(() => undefined)
  await work()
  return `not ${name}`
}

export const renewsThenCharges: Handler = async ({ renew, work }, name) => {
  await renew()
  await work('charge')
  return name
}
