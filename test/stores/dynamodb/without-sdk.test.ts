import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { expect, it, onTestFinished } from 'vitest'

const source = join(import.meta.dirname, '../../../packages/oncekey/src')

/** A profile is read by the SDK only. */
const AWS_PROFILE = 'nobody'

const scriptWith = (entry: string): string => `
  import { idempotentHandler } from ${JSON.stringify(entry)}
  const options = { key: () => 'k1', service: 's', logger: false }
  await idempotentHandler(async () => 'ran', 'claims', options)({}, {}).catch(({ message, retryable, reason }) =>
    console.log(JSON.stringify({ message, retryable, reason })))`

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'oncekey-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

async function printed(folder: string, file: string, env: NodeJS.ProcessEnv): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: folder, env })
  return JSON.parse(stdout)
}

it.each<[string, NodeJS.ProcessEnv]>([
  ['with a Region', { AWS_PROFILE, AWS_REGION: 'eu-central-1' }],
  ['without a Region', { AWS_PROFILE }],
])(
  'a store says that the AWS SDK has to be installed, where it is needed and missing, %s',
  async (_, env) => {
    const folder = createFolder()
    cpSync(source, join(folder, 'src'), { recursive: true })
    writeFileSync(join(folder, 'main.ts'), scriptWith('./src/index.ts'))
    expect(await printed(folder, 'main.ts', env)).toMatchObject({
      message: expect.stringMatching(/\(SdkMissingError\): install @aws-sdk\/client-dynamodb\.$/),
      retryable: false,
    })
  },
)

it('a store says what a bundle lacks in which the AWS SDK cannot be loaded', async () => {
  const folder = createFolder()
  await build({
    stdin: { contents: scriptWith(join(source, 'index.ts')), resolveDir: import.meta.dirname },
    outfile: join(folder, 'main.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  })
  expect(await printed(folder, 'main.mjs', { AWS_PROFILE, AWS_REGION: 'eu-central-1' })).toMatchObject({
    message: expect.stringContaining('define `require` in a banner'),
    retryable: false,
    reason: expect.stringContaining('Dynamic require of'),
  })
})
