import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test, vi } from 'vitest'
import { findJava } from '../../infra/local/java.ts'

vi.setConfig({ testTimeout: 300_000 })

const run = promisify(execFile)

/** Makes a `PATH` with Python and pip, as on this machine, but without Java. */
async function hideJava(folder: string): Promise<string> {
  const PATH = join(folder, 'bin')
  await mkdir(PATH)
  const { stdout } = await run('python3', ['-c', 'import sys; print(sys.executable)'])
  await symlink(stdout.trim(), join(PATH, 'python3'))
  return PATH
}

test('on a machine with Python but without Java, one is installed at first use, and runs', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'oncekey-java-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const environment = { HOME: folder, PATH: await hideJava(folder) }
  // Two at once, as with `npm start` and `npm test` in two terminals.
  const [java, same] = await Promise.all([
    findJava({ folder: join(folder, 'java'), environment }),
    findJava({ folder: join(folder, 'java'), environment }),
  ])
  expect(same).toBe(java)
  const { stderr } = await run(java, ['-version'], { env: {} })
  expect(stderr).toMatch(/version "25\./)
  // Without pip, so it does not come from there again.
  await rm(environment.PATH, { recursive: true })
  expect(await findJava({ folder: join(folder, 'java'), environment })).toBe(java)
  expect(await readdir(join(folder, 'java'))).toHaveLength(1)
})
