/**
 * Returns a new UUID of version 7: a server can read from the key when it was made, and refuse one that is too old.
 * @see RFC 9562 §5.7
 */
export function uuidV7(nowMs: number): string {
  const random = crypto.getRandomValues(new Uint8Array(10))
  const time = Math.floor(nowMs).toString(16).padStart(12, '0')
  const [version = 0, , variant = 0] = random
  random[0] = (version & 0x0f) | 0x70
  random[2] = (variant & 0x3f) | 0x80
  const hex = time + Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
