import { defaultServerConditions } from 'vite'
import { configDefaults, defineConfig } from 'vitest/config'

// A kind of test too slow for `npm test` has its own suffix, and runs with `vitest run --mode <kind>`.
const slowKinds = ['slow']

const conditions = ['oncekey-source', ...defaultServerConditions]

export default defineConfig(({ mode }) => {
  if (mode !== 'test' && !slowKinds.includes(mode)) {
    throw new Error(`expected --mode to be one of ${slowKinds.join(', ')}, or none; got ${mode}`)
  }
  const reports = process.env.ONCEKEY_REPORTS
  return {
    resolve: { conditions },
    ssr: { resolve: { conditions } },
    test: {
      include: mode === 'test' ? ['test/**/*.test.ts'] : [`test/**/*.${mode}.test.ts`],
      exclude: [
        ...configDefaults.exclude,
        ...(mode === 'test' ? slowKinds.map((kind) => `test/**/*.${kind}.test.ts`) : []),
      ],
      globalSetup: ['test/support/global-setup.ts'],
      reporters: reports === undefined ? ['default'] : ['default', 'json'],
      // One file per run, so that .ci/run can add up the runs of one script.
      ...(reports === undefined ? {} : { outputFile: { json: `${reports}/${mode}-${process.pid}.json` } }),
    },
  }
})
