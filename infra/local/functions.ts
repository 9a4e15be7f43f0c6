import { join } from 'node:path'
import type { Assembly } from './assembly.ts'
import type { ResolvedTemplate } from './template.ts'

/** A function of the stack, as Lambda would be configured to run it. */
export interface LocalFunction {
  readonly name: string
  readonly arn: string
  /** The path of the bundled module. */
  readonly file: string
  readonly exportName: string
  readonly timeoutMs: number
  readonly memoryMb: number
  /** The variables that the template sets, with references resolved. */
  readonly environment: Readonly<Record<string, string>>
}

interface FunctionProperties {
  readonly Code: { readonly S3Key: string }
  readonly Handler: string
  /** Seconds. */
  readonly Timeout?: number
  readonly MemorySize?: number
  readonly Environment?: { readonly Variables: Readonly<Record<string, string>> }
}

/** Returns the functions of the template by logical id. */
export function readFunctions(
  template: ResolvedTemplate,
  assembly: Assembly,
): ReadonlyMap<string, LocalFunction> {
  const functions = template.resources<FunctionProperties>('AWS::Lambda::Function')
  return new Map(
    [...functions].map(([id, { Code, Handler, Timeout = 3, MemorySize = 128, Environment }]) => {
      const [module = '', exportName = ''] = Handler.split('.')
      const name = template.nameOf(id)
      const local: LocalFunction = {
        name,
        arn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
        file: join(assembly.assetFolder(Code.S3Key), `${module}.mjs`),
        exportName,
        timeoutMs: Timeout * 1_000,
        memoryMb: MemorySize,
        environment: Environment?.Variables ?? {},
      }
      return [id, local]
    }),
  )
}
