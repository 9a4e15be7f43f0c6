import { App, Stack, type StackProps } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'

/** Returns an app whose templates may be incomplete, which the validation would refuse. */
export const createApp = () => new App({ builtinCloudFormationValidation: false })

export const createStack = (env: StackProps['env'] = { account: '111111111111', region: 'eu-west-1' }) =>
  new Stack(createApp(), 'Stack', env === undefined ? {} : { env })

export const createFunction = (stack: Stack) =>
  new LambdaFunction(stack, 'Function', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('export const handler = () => {}'),
  })

/** Returns the policy statements of a role after `grant`. */
export const grantedTo = (stack: Stack, grant: (role: Role) => unknown) => {
  const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
  grant(role)
  const policies = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'))
  return policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
}
