/** What the command's exit code says. Printed by `oncekey --help`. */
export const EXIT = {
  done: 0,
  /** DynamoDB did not do it, or `doctor` found a problem. */
  failed: 1,
  /** The command line or its surroundings lack something. Nothing was tried. */
  usage: 2,
  noRecord: 3,
  /** Somebody said no, or the record has changed since it was seen. Nothing was changed. */
  notDone: 4,
} as const

/** Ends the command with a message and an exit code of its own. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exitCode: number

  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}
