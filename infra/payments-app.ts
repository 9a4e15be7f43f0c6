import { App, type AppProps, RemovalPolicy } from 'aws-cdk-lib'
import recommended from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' }
import { PaymentsStack } from './payments-stack.ts'

/** The app as it is deployed, tested and run on this machine, with or without the CDK's command line around it. */
export function createPaymentsApp(props: AppProps = {}): App {
  const app = new App({ ...props, context: { ...recommended, ...props.context } })
  // A demo: whoever destroys it wants nothing left that costs money.
  new PaymentsStack(app, 'OncekeyPayments', { removalPolicy: RemovalPolicy.DESTROY })
  return app
}
