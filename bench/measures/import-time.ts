import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { here, raw, weigh } from '../bundle.ts'
import { isWithin, type Row } from '../row.ts'
import { type Figure, figure } from '../stats.ts'
import { LINES } from './weight.ts'

const run = promisify(execFile)

/** Node's own modules that every function with the SDK loads anyway: they are nobody's own import. */
const SDK_IMPORTS = ['buffer', 'crypto', 'http', 'https', 'stream', 'util', 'zlib']
  .map((name) => `import 'node:${name}'`)
  .join('\n')

/** How long a fresh process takes to load each bundle, above an empty one. */
export async function measureImport(rounds: number): Promise<Row[]> {
  const bare = join(raw, 'bare.js')
  await writeFile(bare, `${SDK_IMPORTS}\nexport const handler = async () => undefined\n`)
  const files = {
    Oncekey: (await weigh('oncekey', LINES.oncekey, false)).path,
    Powertools: (await weigh('powertools', LINES.powertools, false)).path,
  }
  const tookMs = { Oncekey: [] as number[], Powertools: [] as number[] }
  const cpuMs = { Oncekey: [] as number[], Powertools: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    for (const name of ['Oncekey', 'Powertools'] as const) {
      const took = await load(bare, files[name])
      tookMs[name].push(took.tookMs)
      cpuMs[name].push(took.cpuMs)
    }
  }
  const row = (measure: string, figures: { Oncekey: Figure; Powertools: Figure }): Row => ({
    measure,
    unit: 'ms',
    goal: '≤ 0.25 × Powertools',
    values: { ...figures, 'node-idempotency': 'CommonJS' },
    isMet: isWithin(figures.Oncekey, 0.25, figures.Powertools),
  })
  return [
    row('own import, SDK stubbed, above the bare handler', {
      Oncekey: figure(tookMs.Oncekey),
      Powertools: figure(tookMs.Powertools),
    }),
    row('own import, CPU', { Oncekey: figure(cpuMs.Oncekey), Powertools: figure(cpuMs.Powertools) }),
  ]
}

async function load(bare: string, file: string): Promise<{ tookMs: number; cpuMs: number }> {
  const { stdout } = await run(process.execPath, [join(here, 'import-once.ts'), bare, file], {
    env: { ...process.env, NODE_OPTIONS: '--disable-warning=ExperimentalWarning' },
  })
  return JSON.parse(stdout)
}
