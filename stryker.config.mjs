// Run by `npm run test:mutants`, which gives it a DynamoDB; what it found is in docs/decisions/051-mutants.md.

export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'test/mutants/vitest.config.ts', related: false },
  mutate: [
    'packages/oncekey/src/core/**/*.ts',
    'packages/oncekey/src/features/{step,commit}.ts',
    'packages/oncekey/src/stores/codec.ts',
    'packages/oncekey/src/stores/dynamodb/**/*.ts',
    // The operator's command: its suite starts processes.
    '!packages/oncekey/src/stores/dynamodb/inspector.ts',
  ],
  ignorePatterns: ['cdk.out', 'coverage', 'reports', 'bench', 'docs', '**/dist', '.dynamodb', '.python'],
  coverageAnalysis: 'perTest',
  // What is made once when a file loads: each such mutant would cost a run of everything.
  ignoreStatic: true,
  // The suites check no types, and Stryker cannot read a configuration with TypeScript 7.
  tsconfigFile: 'none.json',
  disableTypeChecks: false,
  concurrency: 2,
  timeoutMS: 10_000,
  tempDirName: '.stryker-tmp',
  reporters: ['progress-append-only', 'clear-text', 'json', 'html'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false, reportScoreTable: true },
  jsonReporter: { fileName: 'reports/mutants/mutants.json' },
  htmlReporter: { fileName: 'reports/mutants/index.html' },
  thresholds: { high: 100, low: 99, break: 99 },
}
