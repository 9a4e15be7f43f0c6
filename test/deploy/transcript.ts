/** Prints a line of the transcript. */
export function say(line: string): void {
  process.stdout.write(`  ${line}\n`)
}

/** Runs a step and prints how long it took. */
export async function step<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  const beganAtMs = performance.now()
  const result = await work()
  say(`${what}  (${((performance.now() - beganAtMs) / 1_000).toFixed(1)} s)`)
  return result
}
