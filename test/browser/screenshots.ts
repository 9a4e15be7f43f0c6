import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { crc32, deflateSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { startLocal } from '../../infra/local/start-local.ts'
import { launchBrowser } from './browser.ts'
import { openCheckout } from './checkout.ts'

// `npm run screenshots`: the demo after a run that was killed midway, for README, light and dark.
const folder = fileURLToPath(new URL('../../docs/images', import.meta.url))

mkdirSync(folder, { recursive: true })
const stack = await startLocal({ port: 0 })
const browser = await launchBrowser()
try {
  for (const colorScheme of ['light', 'dark'] as const) {
    await fetch(`${stack.url}/page/state`, { method: 'DELETE' })
    const page = await browser.newPage({ colorScheme, viewport: { width: 960, height: 800 } })
    const { choose, pay, summary } = await openCheckout(page, stack.url)
    await choose('crash')
    await pay()
    console.log(await summary())
    const picture = await shrink(page, await page.screenshot({ fullPage: true, animations: 'disabled' }))
    writeFileSync(`${folder}/demo-${colorScheme}.png`, picture)
  }
} finally {
  await browser.close()
  await stack.stop()
}

/** Makes a PNG half as large: rounds its colours, which is not visible, and compresses it more. Leaves the page. */
async function shrink(page: Page, png: Buffer): Promise<Buffer> {
  await page.goto('about:blank')
  const [width, height, base64]: [number, number, string] = await page.evaluate(`(async () => {
    const image = new Image()
    image.src = 'data:image/png;base64,${png.toString('base64')}'
    await image.decode()
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d')
    context.drawImage(image, 0, 0)
    const { data } = context.getImageData(0, 0, image.width, image.height)
    return [image.width, image.height, new Uint8Array(data.buffer).toBase64()]
  })()`)
  const rgba = Buffer.from(base64, 'base64')
  // Each row begins with the number of its filter: none.
  const rows = Buffer.alloc(height * (1 + 3 * width))
  for (let at = 0; at < width * height; at += 1) {
    const row = Math.floor(at / width)
    for (const channel of [0, 1, 2]) {
      const value = rgba[4 * at + channel] ?? 0
      rows[row + 1 + 3 * at + channel] = Math.min(255, 8 * Math.round(value / 8))
    }
  }
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0])
  header.writeUInt32BE(width)
  header.writeUInt32BE(height, 4)
  const signature = png.subarray(0, 8)
  const data = deflateSync(rows, { level: 9 })
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from(type), data])
  const [size, checksum] = [Buffer.alloc(4), Buffer.alloc(4)]
  size.writeUInt32BE(data.length)
  checksum.writeUInt32BE(crc32(content))
  return Buffer.concat([size, content, checksum])
}
