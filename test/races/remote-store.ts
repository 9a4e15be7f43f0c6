import type { IdempotencyRecord, InFlightRecord } from '../../packages/oncekey/src/core/record.ts'
import type {
  CallLimits,
  ClaimReply,
  Owner,
  Store,
  WriteReply,
} from '../../packages/oncekey/src/core/store.ts'
import type { Call, Reply } from './packets.ts'

/**
 * The store as one request sees it: every call goes through `send`. Owners and commit tokens are random, and a state
 * must not be: in the network they go by names, `A1.1` for the first of request A1.
 */
export function remoteStore(request: string, send: (call: Call, timeoutMs: number) => Promise<Reply>): Store {
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

  const claim = async (call: Call, { timeoutMs }: CallLimits): Promise<ClaimReply> => {
    const { kind, record, nowMs } = await send(call, timeoutMs)
    if (kind === 'busy') return { kind }
    if (kind === 'refused') return { kind, nowMs, record: record && shown(record.value) }
    if (record === undefined) throw new Error(`${call.op} was written, but nothing is there`)
    const written = shown(record.value)
    if (written.status === 'completed') throw new Error(`${call.op} left a completed record`)
    return { kind: 'written', nowMs, record: written }
  }
  const write = async (call: Call, { timeoutMs }: CallLimits): Promise<WriteReply> => {
    const { kind, record, nowMs } = await send(call, timeoutMs)
    if (kind === 'busy') throw new Error(`${call.op} is not told of transactions`)
    return kind === 'refused' ? { kind, nowMs, record: record && shown(record.value) } : { kind: 'written' }
  }

  return {
    insert: (record, limits) => claim({ op: 'insert', record: hidden(record) }, limits),
    replace: (record, { owner, leaseUntilMs }, limits) =>
      claim({ op: 'replace', record: hidden(record), seen: { owner: hide(owner), leaseUntilMs } }, limits),
    takeover: (record, { owner, leaseUntilMs }, limits) =>
      claim({ op: 'takeover', record: hidden(record), seen: { owner: hide(owner), leaseUntilMs } }, limits),
    complete: (of, completion, limits) => write({ op: 'complete', claim: ownerOf(of), completion }, limits),
    commit(of, completion, _writes, limits) {
      const commitToken = hide(completion.commitToken)
      return write({ op: 'commit', claim: ownerOf(of), completion: { ...completion, commitToken } }, limits)
    },
    release: (of, limits) => write({ op: 'release', claim: ownerOf(of) }, limits),
    saveStep: (of, name, result, limits) =>
      write({ op: 'saveStep', claim: ownerOf(of), name, result }, limits),
    renew: (of, { fromLeaseUntilMs, leaseUntilMs, expiresAtMs }, limits) => {
      const lease = { fromLeaseUntilMs, leaseUntilMs, expiresAtMs }
      return write({ op: 'renew', claim: ownerOf(of), lease }, limits)
    },
    async read(id, { timeoutMs }) {
      const { record, nowMs } = await send({ op: 'read', id }, timeoutMs)
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
