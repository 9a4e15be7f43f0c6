import { type HttpRequest, type HttpResponse, splitTarget } from '../http-api.ts'
import { bundlePageFile, readPageFile } from './bundles.ts'
import { clearState, readState, type StateSources } from './state.ts'

const FILES: Readonly<Record<string, readonly [type: string, read: () => Buffer | Promise<Buffer>]>> = {
  '/': ['text/html; charset=utf-8', () => readPageFile('index.html')],
  '/page/style.css': ['text/css; charset=utf-8', () => bundlePageFile('style.css')],
  '/page/icon.svg': ['image/svg+xml', () => readPageFile('icon.svg')],
  '/page/main.js': ['text/javascript; charset=utf-8', () => bundlePageFile('main.ts')],
}

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** Responds to requests for the checkout page, its files and its state; returns `undefined` for any other request. */
export async function servePage(
  { method, target }: HttpRequest,
  sources: StateSources,
): Promise<HttpResponse | undefined> {
  const { rawPath } = splitTarget(target)
  const file = FILES[rawPath]
  if (method === 'GET' && file !== undefined) {
    const [type, read] = file
    return { status: 200, headers: headersOf(type), body: await read() }
  }
  if (rawPath !== '/page/state') return undefined
  // DELETE, not POST: a browser sends it from another origin only after a CORS preflight, which fails here.
  if (method === 'DELETE') await clearState(sources)
  else if (method !== 'GET') return undefined
  const state = JSON.stringify(await readState(sources))
  return { status: 200, headers: headersOf('application/json'), body: Buffer.from(state) }
}

function headersOf(type: string): HttpResponse['headers'] {
  return [
    ['content-type', type],
    ['cache-control', 'no-store'],
    ['content-security-policy', POLICY],
    ['referrer-policy', 'no-referrer'],
    ['x-content-type-options', 'nosniff'],
  ]
}
