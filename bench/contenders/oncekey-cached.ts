import { idempotentHandler } from 'oncekey'
import type { Protect } from './contender.ts'

/** With the local cache on: for the memory that it holds. */
export const protect: Protect = (work, client, table) =>
  idempotentHandler(work, table, { client, cache: { maxEntries: 100 } })
