import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPaymentsApp } from '../payments-stack.ts'
import type { Template } from './template.ts'

/** The synthesised stack, as it would be sent to CloudFormation. */
export interface Assembly {
  readonly template: Template
  /** Returns the folder of the asset with this S3 key. */
  assetFolder(s3Key: string): string
  remove(): Promise<void>
}

interface AssetManifest {
  readonly files: Readonly<
    Record<
      string,
      {
        readonly source: { readonly path: string }
        readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>
      }
    >
  >
}

/** Synthesises the app of `npm run synth` into a temporary folder, and bundles its functions. */
export async function synthesise(): Promise<Assembly> {
  const outdir = await mkdtemp(join(tmpdir(), 'oncekey-assembly-'))
  const remove = () => rm(outdir, { recursive: true, force: true })
  try {
    // `npm run synth` validates the template. Here that would only take twice as long.
    const app = createPaymentsApp({ outdir, builtinCloudFormationValidation: false, treeMetadata: false })
    const [stack] = app.synth().stacks
    if (stack === undefined) throw new Error('The app has no stack.')
    const manifest: AssetManifest = JSON.parse(readFileSync(join(outdir, `${stack.id}.assets.json`), 'utf8'))
    return {
      template: stack.template,
      assetFolder(s3Key) {
        const asset = Object.values(manifest.files).find(({ destinations }) =>
          Object.values(destinations).some(({ objectKey }) => objectKey === s3Key),
        )
        if (asset === undefined) throw new Error(`The cloud assembly has no asset ${s3Key}.`)
        return join(outdir, asset.source.path)
      },
      remove,
    }
  } catch (error) {
    await remove()
    throw error
  }
}
