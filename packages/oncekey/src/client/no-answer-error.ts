/**
 * No attempt brought an answer: whether the request took effect is not known. Sent again with the same `key`, it
 * finds out, and does the work only if it was not done. `cause` is what the last attempt failed with.
 */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
  readonly key: string
  readonly attempts: number

  constructor(request: string, key: string, attempts: number, options: ErrorOptions) {
    const times = attempts === 1 ? 'one attempt' : `${attempts} attempts`
    super(
      `No answer to ${request} in ${times}; whether it took effect is not known. Send it again with idempotencyKey ${JSON.stringify(key)} to find out.`,
      options,
    )
    this.key = key
    this.attempts = attempts
  }
}
