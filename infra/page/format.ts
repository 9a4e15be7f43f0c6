/** Formats an amount in minor units. */
export function formatMoney(amount: number, currency = 'EUR'): string {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).format(amount / 100)
}

export function formatSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/** Formats the duration of an attempt: `30 ms`, `1.2 s`. */
export function formatElapsed(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : formatSeconds(ms)
}

/** Formats a remaining time: `7 s`, `5 min`, `23 h 59 min`. */
export function formatRemaining(ms: number): string {
  const wholeSeconds = Math.max(0, Math.round(ms / 1000))
  const minutes = Math.floor(wholeSeconds / 60)
  if (minutes === 0) return `${wholeSeconds} s`
  if (minutes < 60) return `${minutes} min`
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

export function formatTimes(count: number): string {
  if (count === 1) return 'once'
  return count === 2 ? 'twice' : `${count} times`
}

/** Shortens a key or an id, so that it can still be told from the others. */
export function shorten(id: string): string {
  return id.length <= 13 ? id : `${id.slice(0, 8)}…`
}
