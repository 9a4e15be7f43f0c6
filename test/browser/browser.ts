import { accessSync, constants } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** Launches Debian's Chromium without its own network requests. */
export function launchBrowser(): Promise<Browser> {
  try {
    accessSync(EXECUTABLE, constants.X_OK)
  } catch {
    throw new Error(
      `No Chromium at ${EXECUTABLE}. Install it (Debian: apt-get install --no-install-recommends chromium), or set CHROMIUM to its path.`,
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
