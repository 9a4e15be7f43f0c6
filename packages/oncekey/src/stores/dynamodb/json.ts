import type { Item } from './transport.ts'

/** Returns the JSON of a command's input, binary values as base64. */
export const toJson = (input: object): string => JSON.stringify(withoutBinary(input))

/** Returns the same value, or a copy with base64 where it holds binary values. */
function withoutBinary(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  // `instanceof Uint8Array` fails for values of another realm, as in a test runner's sandbox.
  if (ArrayBuffer.isView(value)) return toBase64(value)
  if (Array.isArray(value)) return value.map(withoutBinary)
  let copy: Record<string, unknown> | undefined
  for (const [name, member] of Object.entries(value)) {
    const plain = withoutBinary(member)
    if (plain === member) continue
    copy ??= { ...value }
    Object.defineProperty(copy, name, { value: plain })
  }
  return copy ?? value
}

const toBase64 = ({ buffer, byteOffset, byteLength }: ArrayBufferView): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64')

/** Returns the item, its base64 decoded in place, or `undefined` if it is no item. */
export function toItem(value: unknown): Item | undefined {
  if (!isItem(value)) return undefined
  for (const attribute of Object.values(value)) decode(attribute)
  return value
}

const isItem = (value: unknown): value is Item => isObject(value)

/** Replaces base64 in an attribute value, which is plain JSON so far. */
function decode(attribute: unknown): void {
  if (!isObject(attribute)) return
  const { B, BS, M, L } = attribute
  if (typeof B === 'string') attribute.B = fromBase64(B)
  else if (Array.isArray(BS)) attribute.BS = BS.map((bytes) => fromBase64(`${bytes}`))
  else if (isObject(M)) for (const member of Object.values(M)) decode(member)
  else if (Array.isArray(L)) for (const member of L) decode(member)
}

function fromBase64(text: string): Uint8Array {
  const { buffer, byteOffset, byteLength } = Buffer.from(text, 'base64')
  return new Uint8Array(buffer, byteOffset, byteLength)
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
