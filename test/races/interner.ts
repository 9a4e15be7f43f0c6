/** A value with a number that is equal for equal values, so that whole states are compared by a few numbers. */
export interface Interned<T> {
  readonly id: number
  readonly value: T
}

export function createInterner<T>(): (value: T) => Interned<T> {
  const known = new Map<string, Interned<T>>()
  return (value) => {
    const text = JSON.stringify(value, (_, part: unknown) => (part instanceof Map ? [...part] : part))
    let interned = known.get(text)
    if (interned === undefined) {
      interned = { id: known.size + 1, value }
      known.set(text, interned)
    }
    return interned
  }
}
