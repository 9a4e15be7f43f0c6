import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { findJava } from '../../infra/local/java.ts'

/** Makes a folder for the `PATH`, with a `java` that runs this script, if any. */
async function createPath(script?: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'oncekey-java-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  if (script !== undefined) {
    const java = join(folder, 'java')
    await writeFile(java, `#!/bin/sh\n${script}\n`)
    await chmod(java, 0o755)
  }
  return folder
}

const printVersion = (version: string) => `echo 'openjdk version "${version}" 2025-04-15' >&2`

test('Java on the PATH is used, and nothing is installed', async () => {
  const PATH = await createPath(printVersion('17.0.15'))
  const folder = await createPath()
  expect(await findJava({ folder, environment: { PATH } })).toBe('java')
  expect(await readdir(folder)).toEqual([])
})

test('a Java on the PATH is used if that of JAVA_HOME does not run', async () => {
  const PATH = await createPath(printVersion('21.0.8'))
  expect(await findJava({ environment: { PATH, JAVA_HOME: '/nowhere' } })).toBe('java')
})

test.each([
  ['no Java', undefined, 'cannot run java (spawn java ENOENT)'],
  ['a Java that is too old', printVersion('11.0.28'), 'java is version 11'],
  ['a stub', 'echo "Unable to locate a Java Runtime." >&2; exit 1', 'java does not tell its version'],
  ['the Java 8 of old', printVersion('1.8.0_462'), 'java is version 1'],
])(
  'on a machine with %s, and without Python, the error says what to install',
  async (_what, script, words) => {
    const PATH = await createPath(script)
    const folder = await createPath()
    await expect(findJava({ folder, environment: { PATH } })).rejects.toThrow(
      `DynamoDB Local did not start: ${words}, and a Java could not be installed (spawn python3 ENOENT).
Install Java 17 or later (Debian: apt-get install openjdk-17-jre-headless), or set DYNAMODB_ENDPOINT to a running DynamoDB Local.`,
    )
    expect(await readdir(folder)).toEqual([])
  },
)

test('an interrupted Java is no reason to install another', async () => {
  const PATH = await createPath('kill -INT $$')
  const folder = await createPath()
  await expect(findJava({ folder, environment: { PATH } })).rejects.toThrow('java -version was interrupted.')
  expect(await readdir(folder)).toEqual([])
})
