import type { Template } from '../../infra/local/template.ts'
import type { TableAction } from '../infra/iam-guard.ts'

interface Statement {
  readonly Effect: string
  readonly Action: string | readonly string[]
  readonly Resource: { readonly 'Fn::GetAtt'?: readonly [logicalId: string, attribute: string] }
}

/**
 * Returns the table actions that the policies of a template allow.
 *
 * @param nameOf returns the physical name of a resource.
 * @throws Error for a statement that does not grant actions on one whole table: it could not be compared with a request.
 */
export function grantsOf(template: Template, nameOf: (logicalId: string) => string): readonly TableAction[] {
  const policies = Object.values(template.Resources).filter(({ Type }) => Type === 'AWS::IAM::Policy')
  return policies.flatMap(({ Properties }) => {
    const { PolicyDocument }: { PolicyDocument: { Statement: readonly Statement[] } } = Object(Properties)
    return PolicyDocument.Statement.flatMap(({ Effect, Action, Resource }) => {
      const actions = [Action].flat().filter((action) => action.startsWith('dynamodb:'))
      const [logicalId, attribute] = Resource['Fn::GetAtt'] ?? []
      if (actions.length === 0) return []
      if (Effect !== 'Allow' || logicalId === undefined || attribute !== 'Arn') {
        throw new Error(`expected a grant on one table, got ${JSON.stringify({ Effect, Action, Resource })}`)
      }
      return actions.map((action): TableAction => {
        return `dynamodb:${action.slice('dynamodb:'.length)} on ${nameOf(logicalId)}`
      })
    })
  })
}
