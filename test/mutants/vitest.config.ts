import { fileURLToPath } from 'node:url'
import type { ViteUserConfig } from 'vitest/config'
import base from '../../vitest.config.ts'

const { test, ...rest } = base({ command: 'serve', mode: 'test' })

/** The quick suites that hold the promises of the mutated code: a mutant that only a slow suite sees counts as alive. */
const config: ViteUserConfig = {
  ...rest,
  test: {
    ...test,
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/core/**/*.test.ts', 'test/stores/**/*.test.ts'],
    setupFiles: ['test/mutants/load-all.ts'],
    // A mutant that hangs is ended by Stryker, by its own reckoning.
    testTimeout: 15_000,
  },
}

export default config
