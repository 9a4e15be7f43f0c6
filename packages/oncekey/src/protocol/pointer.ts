/** Whether a text is a JSON pointer to something within a document. @see RFC 6901 §3 */
export function isPointer(text: string): boolean {
  return /^(?:\/(?:[^~/]|~[01])*)+$/.test(text)
}

/**
 * Removes what the pointers name, where it is there. An element of an array leaves its place empty, so that the
 * others keep theirs. Only own members are followed, never a prototype's.
 * @see RFC 6901 §4
 */
export function removePointers(document: unknown, pointers: readonly string[]): void {
  for (const pointer of pointers) {
    const tokens = pointer
      .split('/')
      .slice(1)
      .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    const last = tokens.pop()
    const parent = tokens.reduce(ownMember, document)
    if (last !== undefined && isObject(parent)) Reflect.deleteProperty(parent, last)
  }
}

function ownMember(parent: unknown, name: string): unknown {
  return isObject(parent) && Object.hasOwn(parent, name) ? Reflect.get(parent, name) : undefined
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
