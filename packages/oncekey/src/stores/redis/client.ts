import { StoreUnavailableError } from '../../core/errors.ts'
import type { CallLimits } from '../../core/store.ts'
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
type EvalScript = (key: string, args: readonly string[], limits: CallLimits) => Promise<unknown>

/** The error codes (the first word of a reply) that no retry helps against. */
const FINAL_CODES: ReadonlySet<string> = new Set(['NOAUTH', 'WRONGPASS', 'NOPERM'])

/** Returns a function that runs the script. @throws TypeError if this is not a client that can run scripts */
export function createEvalScript(client: RedisClient): EvalScript {
  const { bySha1, byText } = commandsOf(client)

  const send = async (key: string, args: readonly string[]): Promise<unknown> => {
    try {
      return await bySha1(key, args)
    } catch (error) {
      if (codeOf(error) === 'NOSCRIPT') return byText(key, args)
      throw error
    }
  }
  return async (key, args, { timeoutMs }) => {
    // Clients queue what they cannot send for as long as the server is away: only a timeout of ours ends that.
    // What was queued may still arrive, and is to the protocol a late copy.
    const timeout = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      timeout.reject(
        new StoreUnavailableError(`Redis did not reply within ${timeoutMs} ms.`, { retryable: true }),
      )
    }, timeoutMs)
    try {
      return await Promise.race([send(key, args), timeout.promise])
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error
      const code = codeOf(error)
      const retryable = !FINAL_CODES.has(code)
      throw new StoreUnavailableError(`Redis refused the call (${code}).`, { cause: error, retryable })
    } finally {
      clearTimeout(timer)
    }
  }
}

type Send = (key: string, args: readonly string[]) => Promise<unknown>

function commandsOf(client: RedisClient): { readonly bySha1: Send; readonly byText: Send } {
  if ('evalSha' in client) {
    return {
      bySha1: (key, args) => client.evalSha(SCRIPT_SHA1, { keys: [key], arguments: [...args] }),
      byText: (key, args) => client.eval(SCRIPT, { keys: [key], arguments: [...args] }),
    }
  }
  if ('evalsha' in client) {
    return {
      bySha1: (key, args) => client.evalsha(SCRIPT_SHA1, 1, key, ...args),
      byText: (key, args) => client.eval(SCRIPT, 1, key, ...args),
    }
  }
  throw new TypeError(
    'redisStore: expected a client of redis, ioredis or iovalkey, got something without eval.',
  )
}

/** Returns an error's code: Redis puts it first in the message; an error of the connection has a code of Node's. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && typeof error.code === 'string') return error.code
  return error.message.split(' ', 1)[0] || error.name
}
