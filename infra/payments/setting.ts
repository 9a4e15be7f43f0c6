/** A setting that the stack puts into the function's environment. Its absence is found at cold start. */
export function setting(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') {
    throw new Error(`The environment variable ${name} is not set. The payments stack sets it: deploy that.`)
  }
  return value
}
