import { createHook } from 'node:async_hooks'
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

/**
 * Counts the promises and SHA-256 of one run. With a hook in place every `await` makes a promise too, and they count:
 * each is one turn of the microtask queue.
 */
export async function count(
  run: () => Promise<unknown>,
): Promise<{ readonly promises: number; readonly hashes: number }> {
  let promises = 0
  let hashes = 0
  const { hash, createHash } = crypto
  const counting = {
    hash: (...args: Parameters<typeof hash>) => {
      hashes++
      return hash(...args)
    },
    createHash: (...args: Parameters<typeof createHash>) => {
      hashes++
      return createHash(...args)
    },
  }
  Object.assign(crypto, counting)
  syncBuiltinESMExports()
  const hook = createHook({
    init(_id, type) {
      if (type === 'PROMISE') promises++
    },
  }).enable()
  try {
    await run()
  } finally {
    hook.disable()
    Object.assign(crypto, { hash, createHash })
    syncBuiltinESMExports()
  }
  return { promises, hashes }
}
