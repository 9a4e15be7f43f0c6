import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { answer, startServer } from './server.ts'

const entry = join(import.meta.dirname, '../../packages/oncekey/src/client/index.ts')

it('runs with the APIs of a browser only, and has less than 4 kB', async () => {
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
  expect(bundle?.contents.length).toBeLessThan(4_000)

  const { url, requests } = await startServer(answer(503), answer(201))
  const web = { fetch, Request, AbortSignal, URL, crypto, setTimeout, clearTimeout }
  const context = createContext({ ...web, url })
  runInContext(bundle?.text ?? '', context)
  const status: unknown = await runInContext(
    `client.createIdempotentFetch({ baseDelayMs: 1 })(url, { method: 'POST' }).then(({ status }) => status)`,
    context,
  )
  expect(status).toBe(201)
  expect(requests).toHaveLength(2)
})
