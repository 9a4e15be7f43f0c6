const told = new Set<string>()

/** A warning on standard error, once per process and text: for what an operator must mend. */
export function warnOnce(code: string, message: string): void {
  if (told.has(message)) return
  told.add(message)
  process.emitWarning(message, { type: 'OncekeyWarning', code })
}
