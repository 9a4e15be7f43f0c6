import { idempotentHandler } from 'oncekey'
import { createCommands } from '../../packages/oncekey/src/stores/dynamodb/commands.ts'
import { createStore } from '../../packages/oncekey/src/stores/dynamodb/store.ts'
import { stubTransport } from '../stub-table.ts'
import type { Protect, ProtectStubbed } from './contender.ts'

export const protect: Protect = (work, table) => idempotentHandler(work, table)

export const protectStubbed: ProtectStubbed = (work) =>
  idempotentHandler(work, createStore(createCommands('bench', stubTransport(), async () => 'us-east-1')))
