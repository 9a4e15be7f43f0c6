/** The name of what the SDK threw, which is how AWS tells errors apart. */
export function nameOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : String(thrown)
}

/** Name and text: what AWS said, on one line. */
export function wordsOf(thrown: unknown): string {
  const message = messageOf(thrown)
  return message === '' ? nameOf(thrown) : `${nameOf(thrown)}: ${message}`
}

/** A connection that was refused at each of a name's addresses says so only in its parts. */
function messageOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === '')
    return thrown.errors.map(messageOf).join(', ')
  return thrown instanceof Error ? thrown.message.replace(/\s+/g, ' ') : ''
}
