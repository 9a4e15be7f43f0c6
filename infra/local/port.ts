const DEFAULT_PORT = 3000

/**
 * The port that `PORT` names.
 * @throws for anything that is not a port.
 */
export function readPort(text: string | undefined): number {
  if (text === undefined || text === '') return DEFAULT_PORT
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) {
    throw new Error(
      `Expected PORT to be a number from 0 (any free port) to 65535, got ${JSON.stringify(text)}.`,
    )
  }
  return port
}
