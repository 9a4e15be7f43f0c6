/**
 * The service that the keys and the metrics belong to. It is set explicitly because the default, the function's name,
 * changes when CloudFormation replaces the function, and all keys would be new.
 */
export const SERVICE = 'payments'

/** Returns an environment variable that the stack sets. @throws Error if it is missing, which fails the cold start. */
export function readSetting(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') {
    throw new Error(
      `The environment variable ${name} is not set. The payments stack sets it: deploy that stack.`,
    )
  }
  return value
}
