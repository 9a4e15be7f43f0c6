import { findProblems } from './problems.ts'

/** Prints what keeps the packages from being published: `npm run release:check`, with `-- --publish` on release. */
const root = new URL('..', import.meta.url).pathname
const problems = await findProblems(root, { isPublishing: process.argv.includes('--publish') })
for (const problem of problems) console.error(problem)
console.log(problems.length === 0 ? 'The packages are fit to publish.' : `${problems.length} to fix.`)
process.exitCode = problems.length === 0 ? 0 : 1
