import { appendFileSync, readFileSync } from 'node:fs'

export type Moment = 'began' | 'effect'

/** One moment of one run, written down before anything else happens. */
export interface Entry {
  readonly moment: Moment
  readonly key: string
  readonly run: string
  readonly pid: number
  readonly atMs?: number
}

/** One append is one write: it is there whole, or not at all, whatever becomes of the process. */
export function writeEntry(file: string, entry: Entry): void {
  appendFileSync(file, `${JSON.stringify(entry)}\n`)
}

export function readJournal(file: string): Entry[] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  return lines.map((line): Entry => JSON.parse(line))
}
