import type { Template } from '../../infra/local/template.ts'
import type { TableAction } from '../infra/iam-guard.ts'

interface Statement {
  readonly Effect: string
  readonly Action: string | readonly string[]
  readonly Resource: { readonly 'Fn::GetAtt'?: readonly [logicalId: string, attribute: string] }
}

/**
 * What the policies of a template allow to be done with tables.
 *
 * @param nameOf the physical name of a resource.
 * @throws for a statement that is not about one table as a whole: such a grant could not be held against a request.
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
