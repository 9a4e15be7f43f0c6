import { createInterface } from 'node:readline/promises'
import { stripVTControlCharacters, styleText } from 'node:util'
import { CommandError, EXIT } from './errors.ts'

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Prints one line of JSON, so that `jq` and line-based tools can read the output. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value))
}

/** Prints one fact per line, with the names aligned in a column. */
export function printFacts(facts: readonly (readonly [name: string, value: string])[]): void {
  const width = Math.max(...facts.map(([name]) => name.length))
  for (const [name, value] of facts) {
    print(`  ${styleText('dim', name.padEnd(width))}  ${value}`)
  }
}

/** Prints to stderr, which a pipe does not pass on. */
export function note(text: string): void {
  process.stderr.write(`${process.stderr.isTTY ? text : stripVTControlCharacters(text)}\n`)
}

/** Replaces the progress line on a terminal. Prints nothing if stderr is not a terminal. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}

export function endProgress(): void {
  progress('')
}

/** Asks for confirmation, unless `yes` was passed. @throws CommandError if the answer is not yes. */
export async function confirm(question: string, yes: boolean): Promise<void> {
  if (yes) return
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new CommandError(
      EXIT.usage,
      'Confirmation required, but stdin or stderr is not a terminal. Pass --yes.',
    )
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  // At the end of the input `question` never settles.
  const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')))
  const answer = await Promise.race([terminal.question(`${question} [y/N] `), closed])
  terminal.close()
  if (!/^y(es)?$/i.test(answer.trim())) {
    throw new CommandError(EXIT.notDone, 'Not confirmed. Nothing was changed.')
  }
}
