import { promisify } from 'node:util'
import { brotliCompress, brotliDecompress, constants } from 'node:zlib'

const brotli = promisify(brotliCompress)
const unbrotli = promisify(brotliDecompress)

/** The last quality that is about as fast as gzip: what it saves in write units is worth more than its time. */
const QUALITY = 5

export function compress(bytes: Uint8Array): Promise<Uint8Array> {
  return brotli(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  })
}

/** Rejects rather than grow beyond `maxBytes`: a few stored bytes could otherwise fill the memory. */
export function decompress(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  return unbrotli(bytes, { maxOutputLength: Math.max(1, maxBytes) })
}
