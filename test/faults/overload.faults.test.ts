import { afterAll, test } from 'vitest'
import { createImpatientClient } from '../support/impatient-client.ts'
import { printTable } from '../support/print-table.ts'
import { createClient } from '../support/tables.ts'
import { overload } from './overload.ts'

const printed: Record<string, unknown>[] = []
afterAll(() => printTable(printed))

// 10,000 of them: overload.slow.test.ts.
test.each([
  { clients: 'its own client', keys: 2_500 },
  {
    clients: 'a client without timeouts',
    keys: 1_000,
    remainingMs: 6_000,
    clientOf: () => createClient(),
  },
  {
    clients: 'a client with short timeouts',
    keys: 1_000,
    remainingMs: 6_000,
    clientOf: ({ endpoint }: { endpoint: string }) => createImpatientClient(endpoint),
  },
])(
  'of $keys new keys at once in one process, with $clients, each runs at once or when it is sent again',
  { timeout: 300_000 },
  async ({ clients, ...row }) => {
    printed.push({ client: clients, ...(await overload(row)) })
  },
)
