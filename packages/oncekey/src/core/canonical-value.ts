/** A part of a value that is still to be written. */
interface Part {
  readonly before: string
  /** The value before its `toJSON` was called. */
  readonly source: unknown
  readonly value: unknown
}

/** Stands for the end of an object or array. */
const END = Symbol('end')

/**
 * Returns the canonical form of a value that was already parsed, however deep it is. Members that are `undefined`
 * count as absent. Returns `undefined` if JSON cannot express the whole value, such as a Map, a cycle, NaN or a
 * function.
 * @see RFC 8785 §3
 */
export function canonicalValue(value: unknown): string | undefined {
  try {
    return write(value)
  } catch {
    return undefined
  }
}

/**
 * Returns a string as JSON.
 * @throws TypeError if it is not well-formed Unicode.
 */
export function quote(text: string): string {
  if (!text.isWellFormed()) throw new TypeError()
  return JSON.stringify(text)
}

function write(root: unknown): string {
  const ancestors = new Set<unknown>()
  // A stack rather than recursion, since a value may be deeper than the call stack.
  const pending: Part[] = [{ before: '', source: root, value: resolve(root) }]
  let out = ''
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    const { before, source, value } = part
    out += before
    if (value === END) {
      ancestors.delete(source)
    } else if (typeof value === 'object' && value !== null) {
      if (ancestors.has(source)) throw new TypeError()
      ancestors.add(source)
      const isArray = Array.isArray(value)
      out += isArray ? '[' : '{'
      pending.push({ before: isArray ? ']' : '}', source, value: END })
      const children = isArray ? elements(value) : members(value)
      for (let child = children.pop(); child !== undefined; child = children.pop()) pending.push(child)
    } else {
      out += writeScalar(value)
    }
  }
  return out
}

/** Calls `toJSON` as `JSON.stringify` does: once. */
function resolve(value: unknown): unknown {
  return typeof value === 'object' &&
    value !== null &&
    'toJSON' in value &&
    typeof value.toJSON === 'function'
    ? value.toJSON()
    : value
}

function elements(list: readonly unknown[]): Part[] {
  return Array.from(list, (source, index) => ({
    before: index === 0 ? '' : ',',
    source,
    value: resolve(source) ?? null,
  }))
}

function members(object: object): Part[] {
  if (!isPlain(object)) throw new TypeError()
  const parts: Part[] = []
  for (const name of Object.keys(object).sort()) {
    const source: unknown = Reflect.get(object, name)
    const value = resolve(source)
    if (value !== undefined) {
      parts.push({ before: `${parts.length === 0 ? '' : ','}${quote(name)}:`, source, value })
    }
  }
  return parts
}

/** Another realm's plain object counts too: its prototype is not ours, but has none either. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function writeScalar(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (value === null || typeof value === 'boolean' || Number.isFinite(value)) return String(value)
  throw new TypeError()
}
