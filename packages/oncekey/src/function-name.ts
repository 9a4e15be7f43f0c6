import { warnOnce } from './warn.ts'

/** Lambda tells the function's name in the context and in the environment; outside it, this is `local`. */
export function functionName(context: unknown): string {
  const name =
    typeof context === 'object' && context !== null && 'functionName' in context ? context.functionName : ''
  if (typeof name === 'string' && name !== '') return name
  return process.env.AWS_LAMBDA_FUNCTION_NAME ?? localName()
}

function localName(): string {
  warnOnce(
    'ONCEKEY_SERVICE',
    "Outside Lambda no function name is known: the keys of every handler without the option service belong to the service 'local', so two handlers on one store answer each other's requests. Give each handler its own service.",
  )
  return 'local'
}
