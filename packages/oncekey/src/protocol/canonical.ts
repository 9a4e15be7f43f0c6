import canonicalize from 'canonicalize'
import { removePointers } from './pointer.ts'
import { scanJson, survives } from './scan-json.ts'

/** Deeper JSON than this is compared as bytes: nothing that a client means nests so deep. */
const MAX_DEPTH = 200

/**
 * The canonical form of a JSON text, without what the pointers name; `undefined` if it has none, because it is not
 * JSON or because two different texts of its kind could be read as one value: numbers that a double does not hold,
 * repeated member names, lone surrogates (I-JSON forbids all three), too deep nesting.
 * @see RFC 8785 §3; RFC 7493 §2
 */
export function canonicalText(text: string, omit: readonly string[]): string | undefined {
  const { depth, members, hasLossyNumber } = scanJson(text)
  if (depth > MAX_DEPTH) return undefined
  try {
    const value: unknown = JSON.parse(text)
    if (countMembers(value) !== members) return undefined
    // A lossy number does no harm in what is left out.
    const kept: unknown = hasLossyNumber ? JSON.parse(text, poisonLossyNumber) : value
    removePointers(kept, omit)
    return canonicalize(kept)
  } catch {
    // It is not JSON, or a lossy number stays.
  }
  return undefined
}

/** The canonical form of a value; `undefined` if JSON cannot say all of it: a Map, a cycle, NaN, a function. */
export function canonicalValue(value: unknown): string | undefined {
  try {
    // First, because it refuses the cycles that the count would run round for ever.
    const canonical = canonicalize(value)
    return countMembers(value) === undefined ? undefined : canonical
  } catch {
    // A cycle, or a number that is none.
  }
  return undefined
}

/** How many members all objects of a JSON value have; `undefined` if it is not a JSON value. */
function countMembers(root: unknown): number | undefined {
  let members = 0
  // The list grows while it is walked: depth costs no stack.
  const pending: unknown[] = [root]
  for (const value of pending) {
    if (typeof value === 'object' && value !== null) {
      if ('toJSON' in value && typeof value.toJSON === 'function') {
        pending.push(value.toJSON())
      } else if (Array.isArray(value)) {
        for (const element of value) pending.push(element)
      } else if (isPlain(value)) {
        const children: unknown[] = Object.values(value)
        members += children.length
        for (const child of children) pending.push(child)
      } else {
        return undefined
      }
    } else if (typeof value === 'number' ? !Number.isFinite(value) : !isJsonScalar(value)) {
      return undefined
    }
  }
  return members
}

/** `undefined` is let pass as JSON does: a member that is not there. */
function isJsonScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || value === null || value === undefined
}

/** Another realm's plain object counts too: its prototype is not ours, but has none either. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

const poison = {
  toJSON(): never {
    throw new RangeError()
  },
}

function poisonLossyNumber(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  // Stryker disable next-line OptionalChaining: Node always gives a context, TypeScript does not know
  const source = String(context?.source)
  return typeof value === 'number' && !survives(source) ? poison : value
}
