/** The part of a CloudFormation template that is read here. */
export interface Template {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties?: unknown }>>
}

/** A template whose references have been replaced by values, as on deployment. */
export interface ResolvedTemplate {
  /** Returns the properties of the resources of a type by logical id, with references resolved. */
  resources<Properties>(type: string): ReadonlyMap<string, Properties>
  /** Returns the physical name of a resource. */
  nameOf(logicalId: string): string
}

const REGION = 'us-east-1'
const ACCOUNT = '000000000000'

/**
 * Resolves the references of a template.
 *
 * @param suffix makes the physical names of one deployment unique.
 * @throws Error for an unknown intrinsic function, or a reference to a resource that the template does not have.
 */
export function resolveTemplate(template: Template, stackName: string, suffix: string): ResolvedTemplate {
  const pseudoParameters: Readonly<Record<string, string>> = {
    'AWS::AccountId': ACCOUNT,
    'AWS::Partition': 'aws',
    'AWS::Region': REGION,
    'AWS::StackName': stackName,
    'AWS::URLSuffix': 'amazonaws.com',
  }
  const nameOf = (logicalId: string): string => {
    if (template.Resources[logicalId] === undefined) {
      throw new Error(`The template refers to ${logicalId}, but has no such resource.`)
    }
    return `${stackName}-${logicalId}-${suffix}`
  }
  const ref = (target: string): string => pseudoParameters[target] ?? nameOf(target)
  const attribute = (logicalId: string, name: string): string =>
    name === 'Arn'
      ? `arn:aws:${template.Resources[logicalId]?.Type.split('::')[1]?.toLowerCase()}:${REGION}:${ACCOUNT}:${nameOf(logicalId)}`
      : `${nameOf(logicalId)}.${name}`

  // JSON.parse revives the innermost values first, so that the references in a join are already resolved.
  const revive = (_key: string, value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1) return value
    if ('Ref' in value) return ref(String(value.Ref))
    if ('Fn::GetAtt' in value && Array.isArray(value['Fn::GetAtt'])) {
      const [logicalId, name] = value['Fn::GetAtt']
      return attribute(String(logicalId), String(name))
    }
    if ('Fn::Join' in value && Array.isArray(value['Fn::Join'])) {
      const [separator, parts] = value['Fn::Join']
      return parts.join(separator)
    }
    if ('Fn::Sub' in value) {
      return String(value['Fn::Sub']).replaceAll(/\$\{([^}!]+)\}/g, (_match, target: string) => ref(target))
    }
    const [name] = Object.keys(value)
    if (name?.startsWith('Fn::')) throw new Error(`${name} cannot be resolved on this machine.`)
    return value
  }

  return {
    resources: (type) =>
      new Map(
        Object.entries(template.Resources)
          .filter(([, resource]) => resource.Type === type)
          .map(([id, { Properties = {} }]) => [id, JSON.parse(JSON.stringify(Properties), revive)]),
      ),
    nameOf,
  }
}
