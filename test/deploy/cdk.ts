import { spawn } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { ROOT } from './root-account.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Runs the CDK CLI in this repository, as a user would, against the AWS emulator at `endpoint`. It sees neither this
 * machine's AWS settings nor its credentials.
 *
 * @throws Error if the command fails, with the end of its output.
 */
export async function runCdk(endpoint: string, args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [join(root, 'node_modules/aws-cdk/bin/cdk'), '--ci', ...args], {
    cwd: root,
    env: {
      // The app runs with the first `node` of the PATH, and bundles with npx.
      PATH: [dirname(process.execPath), join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter),
      HOME: process.env.HOME,
      TMPDIR: process.env.TMPDIR,
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: ROOT.region,
      AWS_ACCESS_KEY_ID: ROOT.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: ROOT.credentials.secretAccessKey,
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve).once('error', reject)
  })
  const [output, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), exited])
  if (code !== 0) {
    throw new Error(
      `cdk ${args.join(' ')} exited with code ${code}.\n${`${output}\n${errors}`.trim().slice(-3_000)}`,
    )
  }
  return output
}
