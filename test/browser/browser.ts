import { accessSync, constants } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** Debian's Chromium, kept off the network. */
export function launchBrowser(): Promise<Browser> {
  try {
    accessSync(EXECUTABLE, constants.X_OK)
  } catch {
    throw new Error(
      `There is no Chromium at ${EXECUTABLE}. Install it (Debian: apt-get install --no-install-recommends chromium), or set CHROMIUM to where it is.`,
    )
  }
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: [
      '--no-sandbox',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
