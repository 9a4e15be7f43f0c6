import { createInterface } from 'node:readline/promises'
import { CommandError, EXIT } from './exit.ts'

/** Goes on only if somebody says yes: here and now, or by `--yes`. */
export async function confirm(question: string, yes: boolean): Promise<void> {
  if (yes) return
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new CommandError(EXIT.usage, 'this must be confirmed, and nobody can be asked here: give --yes.')
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  // An end of input is no yes, and without this would be no answer at all.
  const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')))
  const answer = await Promise.race([terminal.question(`${question} [y/N] `), closed])
  terminal.close()
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError(EXIT.notDone, 'nothing was changed.')
}
