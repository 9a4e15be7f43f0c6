import type { LogFields, Logger } from 'oncekey'

/** What a logger was called with. */
interface Line {
  readonly level: 'warn' | 'error'
  readonly message: string
  readonly fields: LogFields
}

/** A logger that keeps its lines. */
export function collectLines(): { readonly logger: Logger; readonly lines: Line[] } {
  const lines: Line[] = []
  const logger: Logger = {
    warn: (message, fields) => lines.push({ level: 'warn', message, fields }),
    error: (message, fields) => lines.push({ level: 'error', message, fields }),
  }
  return { logger, lines }
}
