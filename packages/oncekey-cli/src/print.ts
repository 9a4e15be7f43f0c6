import { stripVTControlCharacters, styleText } from 'node:util'

/** Facts under each other, their names in one column. */
export function printFacts(facts: readonly (readonly [name: string, value: string])[]): void {
  const width = Math.max(...facts.map(([name]) => name.length))
  for (const [name, value] of facts) {
    print(`  ${styleText('dim', name.padEnd(width))}  ${value}`)
  }
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** One line of JSON: for `jq`, and one record a line. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value))
}

/** On standard error, which is not piped on. */
export function note(text: string): void {
  process.stderr.write(`${process.stderr.isTTY ? text : stripVTControlCharacters(text)}\n`)
}

/** Where a person looks, one line that keeps changing; elsewhere nothing. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}

export function endProgress(): void {
  progress('')
}
