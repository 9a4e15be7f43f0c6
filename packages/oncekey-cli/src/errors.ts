/** The exit codes of the command, as `oncekey --help` lists them. */
export const EXIT = {
  done: 0,
  /** A request to DynamoDB failed, or `doctor` found a problem. */
  failed: 1,
  /** The command line is invalid, or the Region or the credentials are missing. Nothing was tried. */
  usage: 2,
  noRecord: 3,
  /** Not confirmed, or the record has changed since it was read. Nothing was changed. */
  notDone: 4,
} as const

/** Ends the command with this message and exit code. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exitCode: number

  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}

/** Returns the name of an error of the SDK, which identifies its kind. */
export function errorName(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : String(thrown)
}

/** Returns the name and the message of an error on one line. */
export function describeError(thrown: unknown): string {
  const message = messageOf(thrown)
  const isUnreachable = /\b(ECONNREFUSED|ENOTFOUND|EAI_AGAIN)\b/.test(message)
  const hint = isUnreachable ? ' (check --endpoint, --region and AWS_ENDPOINT_URL_DYNAMODB)' : ''
  return message === '' ? errorName(thrown) : `${errorName(thrown)}: ${message}${hint}`
}

/** If every address of a host refuses the connection, only the errors inside the `AggregateError` have a message. */
function messageOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === '')
    return thrown.errors.map(messageOf).join(', ')
  return thrown instanceof Error ? thrown.message.replace(/\s+/g, ' ') : ''
}
