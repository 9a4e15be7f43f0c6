import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Returns the child processes of `parent` whose command line contains `word`. */
export async function childrenOf(parent: number, word: string): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-ww', '-o', 'pid=,ppid=,args='])
  const rows = stdout.split('\n').map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
  return rows.flatMap((row) => (row?.[2] === `${parent}` && row[3]?.includes(word) ? [Number(row[1])] : []))
}
