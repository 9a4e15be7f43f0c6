import { ANONYMOUS, recordId } from 'oncekey/inspect'
import { SERVICE } from '../../payments/service.ts'

/** The issuer of the claims that this machine makes up. */
export const ISSUER = 'https://users.example'

export interface SeenKey {
  readonly key: string
  readonly user?: string
}

/** Whose records are whose: a record holds neither the key nor the caller, only a digest of both. */
export interface SeenKeys {
  remember(seen: SeenKey): void
  find(recordId: string): SeenKey | undefined
}

/** @param most how many are remembered. */
export function createSeenKeys(most = 500): SeenKeys {
  const byId = new Map<string, SeenKey>()
  return {
    remember(seen) {
      byId.set(idOf(seen), seen)
      const [oldest] = byId.keys()
      if (byId.size > most && oldest !== undefined) byId.delete(oldest)
    },
    find: (id) => byId.get(id),
  }
}

/** The id of the record that such a request claims. */
export function idOf({ key, user }: SeenKey): string {
  const principal = user === undefined ? ANONYMOUS : JSON.stringify(['jwt', ISSUER, user])
  return recordId({ kind: 'http', service: SERVICE, name: '', principal, key })
}
