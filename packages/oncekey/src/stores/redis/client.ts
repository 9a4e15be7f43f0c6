import { StoreUnavailableError } from '../../protocol/errors.ts'
import type { CallLimits } from '../../protocol/store.ts'
import { SCRIPT, SCRIPT_SHA1 } from './script.ts'

/** A client of the package `redis` (`@redis/client`), for one server or a cluster. */
export interface NodeRedisClient {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  evalSha(sha1: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** A client of the package `ioredis` or `iovalkey`, for one server or a cluster. */
export interface IoRedisClient {
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  evalsha(sha1: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
}

/** The user's own client: connected by the user, and closed by the user. */
export type RedisClient = NodeRedisClient | IoRedisClient

/** Runs the script for one key. */
export type RunScript = (key: string, args: readonly string[], limits: CallLimits) => Promise<unknown>

/** The error codes (the first word of a reply) that no repeat will mend. */
const FINAL_CODES = new Set(['NOAUTH', 'WRONGPASS', 'NOPERM'])

/** @throws TypeError at once, if this is no client that can run scripts. */
export function createRunScript(client: RedisClient): RunScript {
  const { send, sendWhole } = commandsOf(client)

  return async (key, args, { timeoutMs }) => {
    // Clients queue what they cannot send, for as long as the server is away: only a time-out of ours ends that.
    // What was queued may still arrive. The protocol takes it for what it is, a late copy.
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new StoreUnavailableError(`Redis did not answer within ${timeoutMs} ms.`, { retryable: true }))
      }, timeoutMs)
    })
    const call = send(key, args).catch((error: unknown) => {
      if (codeOf(error) === 'NOSCRIPT') return sendWhole(key, args)
      throw error
    })
    try {
      return await Promise.race([call, timeout])
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error
      const code = codeOf(error)
      throw new StoreUnavailableError(`Redis refused: ${code}.`, {
        cause: error,
        retryable: !FINAL_CODES.has(code),
      })
    } finally {
      clearTimeout(timer)
    }
  }
}

type Send = (key: string, args: readonly string[]) => Promise<unknown>

function commandsOf(client: RedisClient): { readonly send: Send; readonly sendWhole: Send } {
  if (hasMethods(client, 'evalSha', 'eval')) {
    return {
      send: async (key, args) => client.evalSha(SCRIPT_SHA1, { keys: [key], arguments: [...args] }),
      sendWhole: async (key, args) => client.eval(SCRIPT, { keys: [key], arguments: [...args] }),
    }
  }
  if (hasMethods(client, 'evalsha', 'eval')) {
    return {
      send: async (key, args) => client.evalsha(SCRIPT_SHA1, 1, key, ...args),
      sendWhole: async (key, args) => client.eval(SCRIPT, 1, key, ...args),
    }
  }
  throw new TypeError(
    'redisStore: expected a client of redis, ioredis or iovalkey, got something without eval.',
  )
}

function hasMethods<K extends string>(
  client: unknown,
  ...names: readonly K[]
): client is Extract<RedisClient, Readonly<Record<K, unknown>>> {
  return (
    typeof client === 'object' &&
    client !== null &&
    names.every((name) => typeof Reflect.get(client, name) === 'function')
  )
}

/** The protocol of Redis puts an error's code first in its message; an error of the connection has a code of Node's. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && typeof error.code === 'string') return error.code
  return error.message.split(' ', 1)[0] || error.name
}
