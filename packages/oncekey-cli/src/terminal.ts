import { createInterface } from 'node:readline/promises'
import { styleText } from 'node:util'
import { CommandError, EXIT } from './errors.ts'

/** A text in a style. Where colours are not wanted, only the text is printed. */
export interface Styled {
  readonly style: 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold'
  readonly text: string
}

/** A part of a line. Control characters in it are escaped, whoever made them. */
export type Part = string | Styled

/** Prints one line. */
export function print(...line: readonly Part[]): void {
  process.stdout.write(`${render(line, process.stdout)}\n`)
}

/** Prints one line of JSON, so that `jq` and line-based tools can read the output. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value))
}

/** Prints one fact per line, with the names aligned in a column. */
export function printFacts(facts: readonly (readonly [name: string, value: Part])[]): void {
  const width = Math.max(...facts.map(([name]) => name.length))
  for (const [name, value] of facts) {
    print('  ', { style: 'dim', text: name.padEnd(width) }, '  ', value)
  }
}

/** Prints one line to stderr, which a pipe does not pass on. */
export function note(...line: readonly Part[]): void {
  process.stderr.write(`${render(line, process.stderr)}\n`)
}

function render(line: readonly Part[], stream: NodeJS.WriteStream): string {
  const parts = line.map((part) =>
    typeof part === 'string'
      ? escapeControls(part)
      : styleText(part.style, escapeControls(part.text), { stream }),
  )
  return parts.join('')
}

/**
 * Returns a text with its control characters as `\u001b`, which is valid in JSON too. A terminal would obey those in a
 * name that a client chose: colours, cursor movements, line ends, the direction of text.
 */
export function escapeControls(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Replaces the progress line on a terminal. Prints nothing if stderr is not a terminal. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${escapeControls(text)}`)
}

export function endProgress(): void {
  progress('')
}

/** Returns whether a question can be asked. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

/** Asks for confirmation, unless `yes` was passed. @throws CommandError if the answer is not yes. */
export async function confirm(question: string, yes: boolean): Promise<void> {
  if (yes) return
  if (!canAsk()) {
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
