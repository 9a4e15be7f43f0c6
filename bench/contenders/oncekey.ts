import { idempotentHandler } from 'oncekey'
import type { Protect } from './contender.ts'

export const protect: Protect = (work, client, table) => idempotentHandler(work, table, { client })
