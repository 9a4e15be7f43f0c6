import type { IdempotencyRecord, InFlightRecord } from '../../packages/oncekey/src/core/record.ts'
import type { ClaimReply, Owner, Store, WriteReply } from '../../packages/oncekey/src/core/store.ts'
import type { Call, Reply } from './packets.ts'

/**
 * The store as one request sees it: every call goes through `send`. Owners and commit tokens are random, and a state
 * must not be: in the network they go by names, `A1.1` for the first of request A1.
 */
export function remoteStore(request: string, send: (call: Call) => Promise<Reply>): Store {
  const nameOf = new Map<string, string>()
  const randomOf = new Map<string, string>()

  /** What comes from another request is a name already. */
  const hide = (token: string): string => {
    const known = nameOf.get(token) ?? (isName(token) ? token : undefined)
    if (known !== undefined) return known
    const name = `${request}.${nameOf.size + 1}`
    nameOf.set(token, name)
    randomOf.set(name, token)
    return name
  }
  const show = (name: string): string => randomOf.get(name) ?? name

  const hidden = (record: InFlightRecord): InFlightRecord => ({ ...record, owner: hide(record.owner) })
  const shown = (record: IdempotencyRecord): IdempotencyRecord => {
    const owner = show(record.owner)
    if (record.status === 'in-flight' || record.commitToken === undefined) return { ...record, owner }
    return { ...record, owner, commitToken: show(record.commitToken) }
  }
  const ownerOf = ({ id, owner }: Owner): Owner => ({ id, owner: hide(owner) })

  const claim = async (call: Call): Promise<ClaimReply> => {
    const { kind, record, nowMs } = await send(call)
    if (kind === 'busy') return { kind }
    if (kind === 'refused') return { kind, nowMs, record: record && shown(record.value) }
    if (record === undefined) throw new Error(`${call.op} was written, but nothing is there`)
    const written = shown(record.value)
    if (written.status === 'completed') throw new Error(`${call.op} left a completed record`)
    return { kind: 'written', nowMs, record: written }
  }
  const write = async (call: Call): Promise<WriteReply> => {
    const { kind, record, nowMs } = await send(call)
    if (kind === 'busy') throw new Error(`${call.op} is not told of transactions`)
    return kind === 'refused' ? { kind, nowMs, record: record && shown(record.value) } : { kind: 'written' }
  }

  return {
    insert: (record) => claim({ op: 'insert', record: hidden(record) }),
    replace: (record, { owner, leaseUntilMs }) =>
      claim({ op: 'replace', record: hidden(record), seen: { owner: hide(owner), leaseUntilMs } }),
    takeover: (record, { owner, leaseUntilMs }) =>
      claim({ op: 'takeover', record: hidden(record), seen: { owner: hide(owner), leaseUntilMs } }),
    complete: (of, completion) => write({ op: 'complete', claim: ownerOf(of), completion }),
    commit: (of, completion) => {
      const commitToken = hide(completion.commitToken)
      return write({ op: 'commit', claim: ownerOf(of), completion: { ...completion, commitToken } })
    },
    release: (of) => write({ op: 'release', claim: ownerOf(of) }),
    saveStep: (of, name, result) => write({ op: 'saveStep', claim: ownerOf(of), name, result }),
    renew: (of, { fromLeaseUntilMs, leaseUntilMs, expiresAtMs }) =>
      write({ op: 'renew', claim: ownerOf(of), lease: { fromLeaseUntilMs, leaseUntilMs, expiresAtMs } }),
    async read(id) {
      const { record, nowMs } = await send({ op: 'read', id })
      return { nowMs, record: record && shown(record.value) }
    },
    offload: (_claim, { result }) => Promise.resolve(result),
    load: (id) => Promise.reject(new Error(`nothing was moved out of ${id}`)),
  }
}

/** A random token is longer than any name. */
function isName(token: string): boolean {
  return token.length < 36
}
