import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { answer, startServer } from './server.ts'

const entry = join(import.meta.dirname, '../../packages/oncekey/src/client/index.ts')

it('runs with the APIs of a browser only, and has less than 5 kB', async () => {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    globalName: 'client',
    target: 'es2022',
  })
  const [bundle] = outputFiles
  expect(bundle?.contents.length).toBeLessThan(5_000)

  const { url, requests } = await startServer(answer(503), answer(201))
  const web = {
    fetch,
    Request,
    Response,
    AbortController,
    DOMException,
    URL,
    crypto,
    performance,
    setTimeout,
    clearTimeout,
  }
  const context = createContext({ ...web, url })
  runInContext(bundle?.text ?? '', context)
  const status: unknown = await runInContext(
    `client.createIdempotentFetch({ baseDelayMs: 1 })(url, { method: 'POST' }).then(({ status }) => status)`,
    context,
  )
  expect(status).toBe(201)
  expect(requests).toHaveLength(2)
})

it('is installed without the AWS SDK and Middy, which only other parts of the package need', () => {
  const manifest = join(import.meta.dirname, '../../packages/oncekey/package.json')
  const { peerDependencies, peerDependenciesMeta } = JSON.parse(readFileSync(manifest, 'utf8'))
  const required = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional)
  expect(required).toEqual([])
})
