import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { installPythonPackages } from './python-packages.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oncekey-python-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const requirements = join(import.meta.dirname, '../deploy/requirements.txt')

const install = (python: string): Promise<string> =>
  installPythonPackages({ name: 'the AWS emulator', requirements, folder: join(folder, 'venv'), python })

/** Installs with a shell script in place of Python. */
function installWith(script: string): Promise<string> {
  const python = join(folder, 'python3')
  writeFileSync(python, `#!/bin/sh\n${script}\n`)
  chmodSync(python, 0o755)
  return install(python)
}

/** Returns a script for `python -m venv FOLDER`. The Python that it creates runs `then`. */
const makeVenv = (then: string) => `
  mkdir -p "$3/bin"
  printf '#!/bin/sh\\necho "$@" >> "%s/calls"\\n${then}\\n' "$3" > "$3/bin/python"
  chmod +x "$3/bin/python"`

describe('an installation of Python packages', () => {
  test('says that Python is missing, and how to get it', async () => {
    const python = join(folder, 'no-such-python')
    await expect(install(python)).rejects.toThrow(
      /Cannot make a Python environment .*no-such-python ENOENT.* Install Python 3.10 or later .*python3-venv/s,
    )
  })

  test('says that the venv module is missing', async () => {
    await expect(installWith('echo "ensurepip is not available" >&2; exit 1')).rejects.toThrow(
      /\(ensurepip is not available\). Install Python 3.10 or later .*apt-get install python3-venv/,
    )
  })

  test('says that a package cannot be installed', async () => {
    await expect(installWith(makeVenv('echo "no index" >&2; exit 1'))).rejects.toThrow(
      /Cannot install the AWS emulator from the Python package index \(no index\). Check the network/,
    )
  })

  test('happens once, and again if it failed', async () => {
    await expect(installWith(makeVenv('exit 1'))).rejects.toThrow('Cannot install')
    const programs = await installWith(makeVenv('exit 0'))
    expect(programs).toBe(join(folder, 'venv/bin'))
    // An existing installation does not need Python to create it.
    expect(await installWith('exit 1')).toBe(programs)
  })
})
