import { randomUUID } from 'node:crypto'

export interface Charge {
  readonly id: string
  readonly amount: number
}

/** The charges by idempotency key. A payment provider would keep them. */
export const charges = new Map<string, Charge>()

export async function charge({ amount }: { readonly amount: number }, key: string): Promise<Charge> {
  const made = charges.get(key) ?? { id: randomUUID(), amount }
  charges.set(key, made)
  return made
}
