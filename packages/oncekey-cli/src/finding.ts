/** One thing looked at. A `warning` costs something; a `problem` breaks the promise or every request. */
export interface Finding {
  readonly check: string
  readonly level: 'ok' | 'warning' | 'problem'
  readonly message: string
}

/** What mends a refusal of this action. */
export function allow(action: string): string {
  return `allow dynamodb:${action} on this table.`
}
