import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { here, raw } from './bundle.ts'

/** The environment of a contender's process, which says where its requests go. */
export type Place = Readonly<Record<string, string>>

/** The environment of a Lambda function. */
export const placeAt = (endpoint: string, table: string): Place => ({
  AWS_ENDPOINT_URL_DYNAMODB: endpoint,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_SESSION_TOKEN: 'token'.repeat(150),
  AWS_LAMBDA_FUNCTION_NAME: 'payments',
  TABLE: table,
})

/** Starts the stub of DynamoDB behind TLS, with a certificate that is made for the run. */
export async function startStubServer(): Promise<AsyncDisposable & { readonly place: Place }> {
  const [key, cert] = [join(raw, 'key.pem'), join(raw, 'cert.pem')]
  const request = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=stub'
  const address = ['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert]
  await promisify(execFile)('openssl', ['req', ...request.split(' '), ...address])
  const child = fork(join(here, 'stub-server.ts'), [key, cert])
  const [{ port }] = await once(child, 'message')
  return {
    place: { ...placeAt(`https://127.0.0.1:${port}`, 'bench'), NODE_EXTRA_CA_CERTS: cert },
    async [Symbol.asyncDispose]() {
      child.disconnect()
      await once(child, 'exit')
    },
  }
}

/** Lambda gives a full core at 1,769 MB, and a share of it in proportion below. */
const SHARE = 512 / 1_769
const PERIOD_US = 20_000

/** Makes a control group with the CPU of a function of 512 MB. `undefined`: this machine does not allow it. */
export function createCpuGroup(): (Disposable & { readonly procs: string }) | undefined {
  const name = `oncekey-bench-${process.pid}`
  const quotaUs = Math.round(PERIOD_US * SHARE)
  const isSecond = existsSync('/sys/fs/cgroup/cgroup.controllers')
  const path = join('/sys/fs/cgroup', isSecond ? '' : 'cpu', name)
  const limits = isSecond
    ? { 'cpu.max': `${quotaUs} ${PERIOD_US}` }
    : { 'cpu.cfs_period_us': `${PERIOD_US}`, 'cpu.cfs_quota_us': `${quotaUs}` }
  try {
    mkdirSync(path)
    for (const [file, limit] of Object.entries(limits)) appendFileSync(join(path, file), limit)
    readFileSync(join(path, 'cgroup.procs'))
  } catch {
    if (existsSync(path)) rmdirSync(path)
    return undefined
  }
  return { procs: join(path, 'cgroup.procs'), [Symbol.dispose]: () => rmdirSync(path) }
}
