import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli } from './run-cli.ts'

const shells = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof shells)[number]

let folder: string
const scriptOf = (shell: Shell) => join(folder, `oncekey.${shell}`)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oncekey-completion-'))
  for (const shell of shells) {
    const { exitCode, stdout, stderr } = await runCli(['completion', shell])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    await writeFile(scriptOf(shell), stdout)
  }
})
afterAll(() => rm(folder, { recursive: true }))

/** Asks the shell itself what it offers for this line, whose last word is not complete. */
function complete(shell: Shell, line: string): string[] {
  const run = (...args: string[]) =>
    execFileSync(shell, args, {
      encoding: 'utf8',
      timeout: 20_000,
      env: { PATH: process.env.PATH, HOME: folder, TERM: 'xterm' },
    })
  const offered = {
    bash: () =>
      run(
        '--norc',
        '-c',
        `source ${scriptOf('bash')}; COMP_WORDS=(${line
          .split(' ')
          .map((word) => `'${word}'`)
          .join(' ')}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _oncekey; printf '%s\\n' "\${COMPREPLY[@]}"`,
      ),
    // A completion runs only in an interactive line editor: zsh's own pseudo-terminal module has one.
    zsh: () => run('-f', '-c', ZSH, 'zsh', scriptOf('zsh'), line),
    fish: () => run('--no-config', '-c', `source ${scriptOf('fish')}; complete -C '${line}'`),
  }
  const lines = offered[shell]().split(/\r?\n/)
  return lines
    .map((offer) => offer.split(/\t/)[0] ?? '')
    .filter((offer) => offer !== '')
    .sort()
}

/** Prints each match on a line. Types only once the line editor is ready; markers are split, so that their echo is none. */
const ZSH = `
zmodload zsh/zpty
zpty -b z zsh -f -i
zpty -w z "PROMPT= PS2= ; autoload -U compinit && compinit -u -d $HOME/dump; source $1"
zpty -w z 'compadd() { local -a found; builtin compadd -O found "$@"; print -rl -- MATCH:$^found; builtin compadd "$@"; }'
zpty -w z 'bindkey "^I" complete-word; zle -C complete-word complete-word _main_complete'
zpty -w z 'zle-line-init() { print RE""ADY; }; zle -N zle-line-init'
zpty -r z seen '*READY*'
zpty -w -n z "$2"$'\\t'$'\\x15'"print DO''NE"$'\\n'
zpty -r z seen '*DONE*'
print -r -- "$seen" | tr '\\r' '\\n' | sed -n 's/^.*MATCH://p'
zpty -d z
`

describe.each(shells)('the completion of %s', (shell) => {
  it.each([
    ['oncekey s', ['show', 'sweep']],
    ['oncekey --table t rel', ['release']],
    ['oncekey show order-1 --b', ['--body']],
    ['oncekey show --kind b', ['batch']],
    ['oncekey list --sort e', ['expires']],
    ['oncekey completion f', ['fish']],
    ['oncekey --table x', []],
    ['oncekey list --pro', ['--profile']],
  ])('offers for "%s": %j', (line, expected) => {
    const [last = ''] = line.split(' ').slice(-1)
    const offers = complete(shell, line).filter((offer) => offer.startsWith(last))
    expect([...new Set(offers)]).toEqual(expected)
  })
})

it('needs the name of a shell', async () => {
  const { exitCode, stderr } = await runCli(['completion', 'csh'])
  expect(exitCode).toBe(2)
  expect(stderr).toContain('Allowed choices are bash, zsh, fish')
})
