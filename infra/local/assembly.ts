import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPaymentsApp } from '../payments-app.ts'
import type { Template } from './template.ts'

/** The synthesised stack, as CloudFormation would get it. */
export interface Assembly {
  readonly template: Template
  /** The folder of the asset that is uploaded under this key. */
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

/** Synthesises the app of `npm run synth` into a folder of its own, functions bundled. */
export async function synthesise(): Promise<Assembly> {
  const outdir = await mkdtemp(join(tmpdir(), 'oncekey-assembly-'))
  const remove = () => rm(outdir, { recursive: true, force: true })
  try {
    // `npm run synth` validates; here, that would only double the time.
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
        if (asset === undefined) throw new Error(`The assembly has no asset ${s3Key}.`)
        return join(outdir, asset.source.path)
      },
      remove,
    }
  } catch (error) {
    await remove()
    throw error
  }
}
