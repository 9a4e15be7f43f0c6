import { transform } from 'esbuild'
import { configDefaults, defineConfig, type Plugin } from 'vitest/config'

// A kind of test too slow for `npm test` has its own suffix, and runs with `vitest run --mode <kind>`.
const slowKinds = [
  'slow',
  'triggers',
  'faults',
  'kill',
  'exactly-once',
  'cli',
  'browser',
  'deploy',
  'races',
  'packages',
  'examples',
]

// Without Vite's own `module`: under it the AWS SDK offers files that Node cannot load.
const conditions = ['oncekey-source', 'node', 'development|production']

// Neither Vite nor Node lowers TC39 decorators; esbuild does.
const decorators: Plugin = {
  name: 'tc39-decorators',
  enforce: 'pre',
  async transform(code, id) {
    if (!id.endsWith('.ts') || !/(?:^|[{;)])\s*@\w/m.test(code)) return
    return await transform(code, { loader: 'ts', target: 'es2024', sourcefile: id, sourcemap: true })
  },
}

/** With ONCEKEY_TRANSPORT=direct, a store that is given a client of the SDK sends directly, to where that would send. */
const directTransport: Plugin = {
  name: 'direct-transport',
  enforce: 'pre',
  resolveId: (source, importer) =>
    source === './sdk.ts' && importer?.endsWith('/stores/dynamodb/store.ts')
      ? new URL('test/support/direct-sdk.ts', import.meta.url).pathname
      : undefined,
}

export default defineConfig(({ mode }) => {
  // `development` is what knip says; any other unknown mode finds no tests, which fails.
  const slow = mode !== 'test' && mode !== 'development'
  const reports = process.env.ONCEKEY_REPORTS
  // The packages are few, and each test of them is a way to use them.
  const printed = mode === 'packages' ? 'verbose' : 'default'
  return {
    plugins: process.env.ONCEKEY_TRANSPORT === 'direct' ? [decorators, directTransport] : [decorators],
    resolve: { conditions },
    ssr: { resolve: { conditions } },
    test: {
      include: slow ? [`test/**/*.${mode}.test.ts`] : ['test/**/*.test.ts'],
      exclude: [
        ...configDefaults.exclude,
        'test/packages/projects/**',
        ...(slow ? [] : slowKinds.map((kind) => `test/**/*.${kind}.test.ts`)),
      ],
      // Concurrent tests mostly wait for time-outs.
      maxConcurrency: 12,
      globalSetup: ['test/support/global-setup.ts'],
      setupFiles: ['test/support/quiet-log.ts'],
      // Nothing is timed here: a test that hangs must end, and a busy machine must not fail one.
      testTimeout: 60_000,
      hookTimeout: 60_000,
      reporters: reports === undefined ? [printed] : [printed, 'json'],
      // One file per run, so that .ci/run can add up the runs of one script.
      ...(reports === undefined ? {} : { outputFile: { json: `${reports}/${mode}-${process.pid}.json` } }),
    },
  }
})
