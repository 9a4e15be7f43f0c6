import { readFileSync } from 'node:fs'
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { RecordUnreadableError, StoreUnavailableError } from 'oncekey/inspect'
import { type ChangeOptions, forget, release } from './change.ts'
import { completionScript, SHELLS } from './completion.ts'
import { type Connection, type ConnectOptions, withConnection } from './connect.ts'
import { doctor } from './doctor.ts'
import { CommandError, describeError, EXIT } from './errors.ts'
import { type IdentityOptions, idOf, KINDS } from './find-record.ts'
import { type ListOptions, list, SORT_KEYS } from './list.ts'
import { show } from './show.ts'
import { type SweepCommandOptions, sweep } from './sweep.ts'
import { endProgress, escapeControls, note } from './terminal.ts'

interface CommonOptions extends ConnectOptions {
  readonly json?: boolean
}

/** Runs one command line and returns its exit code. Never throws. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(argv)
    return EXIT.done
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
    endProgress()
    const [first = '', ...others] = linesOf(error)
    note({ style: 'red', text: 'oncekey:' }, ` ${first}`)
    for (const line of others) note(`  ${line}`)
    if (error instanceof CommandError) return error.exitCode
    return error instanceof RecordUnreadableError ? EXIT.notDone : EXIT.failed
  }
}

function createProgram(): Command {
  const program = new Command('oncekey')
    .description('Inspect, release and delete the records of idempotency keys.')
    .configureOutput({ writeErr: (text) => process.stderr.write(escapeLines(text)) })
    .version(readVersion(), '--version', 'print the version')
    .addOption(
      new Option('--table <name>', 'name or ARN of the table that holds the records').env(
        'IDEMPOTENCY_TABLE',
      ),
    )
    .option(
      '--region <name>',
      'AWS Region (default: as the AWS SDK resolves it, for example from AWS_REGION)',
    )
    .option('--profile <name>', 'profile of ~/.aws/config and ~/.aws/credentials (default: AWS_PROFILE)')
    .option('--endpoint <url>', 'DynamoDB endpoint, such as http://127.0.0.1:8000')
    .option('--json', 'print JSON, one record per line')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', EXIT_CODES)
    .showSuggestionAfterError()
    .exitOverride()

  withIdentity(program.command('show'), 'show the record of a key')
    .option('--body', 'also show the stored result, which may contain personal data', false)
    .action((key: string, options: IdentityOptions & { body: boolean }, command: Command) =>
      runOnTable(command, (connection, json) =>
        show(connection, idOf(key, options), { json, body: options.body, isGuessed: isGuessed(options) }),
      ),
    )
  program
    .command('list')
    .description('list records (reads the whole table)')
    .option('--in-flight', 'only records that are not completed', false)
    .option('--service <name>', 'only records of this service')
    .addOption(
      new Option('--sort <column>', 'sort by a column, once the whole table is read').choices(SORT_KEYS),
    )
    .action((options: Omit<ListOptions, 'json'>, command: Command) =>
      runOnTable(command, (connection, json) => list(connection, { ...options, json })),
    )
  withChange(
    withIdentity(program.command('release'), 'end the lease of a run that is known to be dead'),
    release,
  )
  withChange(
    withIdentity(
      program.command('forget'),
      'delete the record of a key, so that the next request runs again',
    ),
    forget,
  )
  program
    .command('sweep')
    .description('delete expired records, and chunks that no record refers to (reads the whole table)')
    .option('--yes', 'delete them; without it they are only counted, and in a terminal you are asked', false)
    .option('--max-units <number>', 'capacity units to consume per second at most', positiveNumber, 500)
    .action((options: Omit<SweepCommandOptions, 'json'>, command: Command) =>
      runOnTable(command, (connection, json) => sweep(connection, { ...options, json })),
    )
  program
    .command('doctor')
    .description('check the table, the permissions and the clock (writes nothing)')
    .action((_options: object, command: Command) => runOnTable(command, doctor))
  program
    .command('completion')
    .description('print a script that completes commands and options in your shell')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action((shell: (typeof SHELLS)[number]) => {
      process.stdout.write(completionScript(program, shell))
    })
  return program
}

function withIdentity(command: Command, description: string): Command {
  return command
    .description(description)
    .argument('<key>', "the caller's key (with --service), or a record id as shown in logs")
    .option('--service <name>', "service of the key: its option service, by default the function's name")
    .option(
      '--principal <name>',
      'caller: the value of the option principal, or a JSON list such as ["jwt","issuer","subject"] (default: a caller whom nothing identifies)',
    )
    .option(
      '--name <name>',
      "operation: the name of runOnce, Class.method, or 'POST /path' with scope 'operation'",
      '',
    )
    .addOption(new Option('--kind <kind>', 'kind of request').choices(KINDS).default('http'))
}

function withChange(
  command: Command,
  change: (connection: Connection, id: string, options: ChangeOptions) => Promise<void>,
): void {
  command
    .option('--yes', 'skip the confirmation', false)
    .action((key: string, options: IdentityOptions & { yes: boolean }, self: Command) =>
      runOnTable(self, (connection, json) =>
        change(connection, idOf(key, options), { json, yes: options.yes, isGuessed: isGuessed(options) }),
      ),
    )
}

/** Returns whether the id is computed from options, any of which may be wrong. */
const isGuessed = ({ service }: IdentityOptions): boolean => service !== undefined

function runOnTable(
  command: Command,
  use: (connection: Connection, json: boolean) => Promise<void>,
): Promise<void> {
  const { json = false, ...options } = command.optsWithGlobals<CommonOptions>()
  return withConnection(options, (connection) => use(connection, json))
}

/** Returns the message of an error, and on further lines what explains it. */
function linesOf(error: unknown): readonly string[] {
  if (error instanceof CommandError) return [error.message]
  if (error instanceof RecordUnreadableError) {
    return [error.message, 'Requests with its key are refused as long as it is there.']
  }
  // The library speaks to the owner of a function. Here it is the operator who calls.
  if (error instanceof StoreUnavailableError) {
    return [error.message.replace("the function's role", 'your role'), describeError(error.cause)]
  }
  return [describeError(error)]
}

function escapeLines(text: string): string {
  return text.split('\n').map(escapeControls).join('\n')
}

function positiveNumber(text: string): number {
  const value = Number(text)
  if (value > 0 && Number.isFinite(value)) return value
  throw new InvalidArgumentError('Expected a number above 0.')
}

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(text) as { version: string }
  return version
}

const EXIT_CODES = `
Exit codes:
  ${EXIT.done}  done
  ${EXIT.failed}  a request to DynamoDB failed, or doctor found a problem
  ${EXIT.usage}  invalid command line, or no Region or credentials
  ${EXIT.noRecord}  no such record
  ${EXIT.notDone}  not done: not confirmed, changed since it was read, or impossible in its state`
