import { idempotentHandler } from 'oncekey'
import { stubClient } from '../stub-client.ts'
import type { ProtectStubbed } from './contender.ts'

/** With the local cache on: for the memory that it holds. */
export const protectStubbed: ProtectStubbed = (work) =>
  idempotentHandler(work, 'bench', { client: stubClient(), cache: { maxEntries: 100 } })
