import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'

const source = join(import.meta.dirname, '../../../packages/oncekey/src')

it('a store says that the AWS SDK has to be installed, where it is needed and missing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'oncekey-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  cpSync(source, join(folder, 'src'), { recursive: true })
  const script = `
    import { idempotentHandler } from './src/index.ts'
    const options = { key: () => 'k1', service: 's' }
    await idempotentHandler(async () => 'ran', 'claims', options)({}, {}).catch(({ message, retryable }) =>
      console.log(JSON.stringify({ message, retryable })))`
  writeFileSync(join(folder, 'main.ts'), script)
  // A profile is read by the SDK only.
  const env = { AWS_PROFILE: 'nobody', AWS_REGION: 'eu-central-1' }
  const { stdout } = await promisify(execFile)(process.execPath, ['main.ts'], { cwd: folder, env })
  expect(JSON.parse(stdout)).toEqual({
    message: expect.stringMatching(/\(SdkMissingError\): install @aws-sdk\/client-dynamodb\.$/),
    retryable: false,
  })
})
