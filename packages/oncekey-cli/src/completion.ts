import type { Command, Option } from 'commander'

export const SHELLS = ['bash', 'zsh', 'fish'] as const

/** Returns a script that completes the commands and options of the program, for `eval` or a file of the shell. */
export function completionScript(program: Command, shell: (typeof SHELLS)[number]): string {
  const commands = program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    options: command.options.filter(isLong),
    values: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  }))
  const scripts = { bash, zsh, fish }
  return scripts[shell](commands, program.options.filter(isLong))
}

interface Completed {
  readonly name: string
  readonly description: string
  readonly options: readonly LongOption[]
  /** The values of its argument, if only some are allowed. */
  readonly values: readonly string[]
}

type LongOption = Option & { readonly long: string }

function isLong(option: Option): option is LongOption {
  return option.long !== undefined && option.long !== null
}

const takesValue = ({ required, optional }: Option): boolean => required || optional

/** Returns a `case` branch for each option with a value: its choices, if it has some, and nothing otherwise. */
function valueBranches(
  commands: readonly Completed[],
  common: readonly LongOption[],
  complete: (choices: readonly string[]) => string,
): string {
  const options = [...commands.flatMap((command) => command.options), ...common].filter(takesValue)
  const byName = new Map(options.map(({ long, argChoices }) => [long, argChoices ?? []]))
  return [...byName].map(([long, choices]) => `    ${long}) ${complete(choices)} return ;;`).join('\n')
}

const longNames = (options: readonly LongOption[]): string[] => options.map(({ long }) => long)

function bash(commands: readonly Completed[], common: readonly LongOption[]): string {
  const names = commands.map(({ name }) => name)
  const branches = commands.map(
    ({ name, options, values }) =>
      `    ${name}) words='${[...values, ...longNames(options), ...longNames(common)].join(' ')}' ;;`,
  )
  return `# bash completion of oncekey
_oncekey() {
  local cur=\${COMP_WORDS[COMP_CWORD]} command='' words='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in ${names.join('|')}) command=$word; break ;; esac
  done
  COMPREPLY=()
  case \${COMP_WORDS[COMP_CWORD-1]} in
${valueBranches(commands, common, (choices) => (choices.length > 0 ? `COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$cur"));` : ''))}
  esac
  case $command in
    '') words='${[...names, ...longNames(common)].join(' ')}' ;;
${branches.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _oncekey oncekey
`
}

function zsh(commands: readonly Completed[], common: readonly LongOption[]): string {
  const described = (name: string, description: string): string =>
    `'${`${name.replaceAll(':', '\\:')}:${description}`.replaceAll("'", "'\\''")}'`
  const list = (options: readonly LongOption[]): string =>
    options.map(({ long, description }) => described(long, description)).join(' ')
  const branches = commands.map(
    ({ name, options, values }) =>
      `    ${name}) ${values.length > 0 ? `compadd -- ${values.join(' ')}; ` : ''}options=(${list([...options, ...common])}) ;;`,
  )
  const names = commands.map(({ name }) => name).join('|')
  return `#compdef oncekey
_oncekey() {
  local -a commands options
  local command=\${\${words[2,CURRENT-1]}[(r)(${names})]}
  case \${words[CURRENT-1]} in
${valueBranches(commands, common, (choices) => (choices.length > 0 ? `compadd -- ${choices.join(' ')};` : ''))}
  esac
  commands=(${commands.map(({ name, description }) => described(name, description)).join(' ')})
  case $command in
    '')
      options=(${list(common)})
      _describe -t commands command commands
      ;;
${branches.join('\n')}
  esac
  _describe -o -t options option options
}
if [[ $funcstack[1] == _oncekey ]]; then _oncekey "$@"; else compdef _oncekey oncekey; fi
`
}

function fish(commands: readonly Completed[], common: readonly LongOption[]): string {
  const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const option = (found: LongOption, condition: string): string => {
    const { long, description, argChoices } = found
    const value = takesValue(found) ? ` -x${argChoices ? ` -a ${quoted(argChoices.join(' '))}` : ''}` : ''
    return `complete -c oncekey${condition} -l ${long.slice(2)}${value} -d ${quoted(description)}`
  }
  const seen = (names: string): string => `__fish_seen_subcommand_from ${names}`
  const isFirst = `not ${seen(commands.map(({ name }) => name).join(' '))}`
  return [
    '# fish completion of oncekey',
    'complete -c oncekey -f',
    ...commands.map(
      ({ name, description }) => `complete -c oncekey -n '${isFirst}' -a ${name} -d ${quoted(description)}`,
    ),
    ...common.map((found) => option(found, '')),
    ...commands.flatMap(({ name, options, values }) => [
      ...options.map((found) => option(found, ` -n '${seen(name)}'`)),
      ...values.map((value) => `complete -c oncekey -n '${seen(name)}' -a ${value}`),
    ]),
    '',
  ].join('\n')
}
