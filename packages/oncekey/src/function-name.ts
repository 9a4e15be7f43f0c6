/** Lambda tells the function's name in the context and in the environment; a test may tell it in neither. */
export function functionName(context: unknown): string {
  const name =
    typeof context === 'object' && context !== null && 'functionName' in context ? context.functionName : ''
  return typeof name === 'string' && name !== '' ? name : (process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'local')
}
