import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { startDynamoDbLocal } from '../infra/local/dynamodb-local.ts'
import { here, raw } from './bundle.ts'
import { measureGrowth } from './measures/growth.ts'
import { measureMemory } from './measures/memory.ts'
import { measureStart } from './measures/start.ts'
import { measureUnits } from './measures/units.ts'
import { measureWarm } from './measures/warm.ts'
import { measureWeight } from './measures/weight.ts'
import { chart } from './report/chart.ts'
import { markdown, verdict } from './report/markdown.ts'
import type { Row } from './row.ts'
import { createLocalTable, type LocalTable } from './table.ts'

// npm run bench [-- --quick] [-- weight start …]
const args = process.argv.slice(2)
const isQuick = args.includes('--quick')
const wanted = args.filter((arg) => !arg.startsWith('--'))
const rounds = isQuick ? 5 : 11

if (!existsSync(join(here, 'node_modules'))) {
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here, stdio: 'inherit' })
}
await mkdir(raw, { recursive: true })

const measures: Readonly<Record<string, (table: LocalTable) => Promise<Row[]>>> = {
  weight: () => measureWeight(),
  start: (table) => measureStart(table, rounds),
  warm: (table) => measureWarm(table, rounds),
  units: (table) => measureUnits(table),
  growth: (table) => measureGrowth(table, rounds, isQuick ? 5_000 : 100_000),
  memory: () => measureMemory(),
}
const unknown = wanted.filter((name) => !(name in measures))
if (unknown.length > 0) {
  throw new Error(
    `No measure is called ${unknown.join(', ')}: choose of ${Object.keys(measures).join(', ')}.`,
  )
}

const startLoad = loadavg()[0] ?? 0
const rows: Row[] = []
const dynamoDb = await startDynamoDbLocal()
try {
  for (const [name, measure] of Object.entries(measures)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    console.error(`${name} …`)
    rows.push(...(await measure(await createLocalTable(dynamoDb.endpoint))))
  }
} finally {
  await dynamoDb.stop()
}

const facts = [
  `${new Date().toISOString().slice(0, 10)}, Node.js ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model}`,
  `load average ${startLoad.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after: compare what stands in one row, not rows of two runs`,
  `${rounds} rounds in turn; medians, and in brackets where half of the rounds lay`,
]
const table = markdown(rows, facts)
console.log(table)
// Part of the table must not stand for all of it.
if (wanted.length === 0) {
  const results = join(here, 'results')
  await writeFile(join(results, 'results.md'), table)
  await writeFile(join(results, 'results.json'), `${JSON.stringify({ facts, rows }, null, 2)}\n`)
  await writeFile(join(results, 'results.svg'), chart(rows))
}
const missed = rows.filter(({ isMet }) => isMet === false)
console.log(`${rows.filter(({ isMet }) => isMet).length} met, ${missed.length} missed`)
for (const row of missed) console.log(`${verdict(row)}: ${row.measure}`)
