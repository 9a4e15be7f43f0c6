import { readFileSync } from 'node:fs'
import { styleText } from 'node:util'
import { Command, CommanderError, Option } from 'commander'
import { RecordUnreadableError, StoreUnavailableError } from 'oncekey/inspect'
import { type ChangeOptions, forget, release } from './change.ts'
import { type Connection, type ConnectOptions, withConnection } from './connect.ts'
import { doctor } from './doctor.ts'
import { CommandError, describeError, EXIT } from './errors.ts'
import { type IdentityOptions, idOf, KINDS } from './find-record.ts'
import { list } from './list.ts'
import { show } from './show.ts'
import { endProgress, note } from './terminal.ts'

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
    note(`${styleText('red', 'oncekey:', { stream: process.stderr })} ${messageOf(error)}`)
    if (error instanceof CommandError) return error.exitCode
    return error instanceof RecordUnreadableError ? EXIT.notDone : EXIT.failed
  }
}

function createProgram(): Command {
  const program = new Command('oncekey')
    .description('Inspect, release and delete the records of idempotency keys.')
    .version(readVersion(), '--version', 'print the version')
    .addOption(
      new Option('--table <name>', 'name of the table that holds the records').env('IDEMPOTENCY_TABLE'),
    )
    .option(
      '--region <name>',
      'AWS Region (default: as the AWS SDK resolves it, for example from AWS_REGION)',
    )
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
    .action((options: { inFlight: boolean; service?: string }, command: Command) =>
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
    .command('doctor')
    .description('check the table, the permissions and the clock (writes nothing)')
    .action((_options: object, command: Command) => runOnTable(command, doctor))
  return program
}

function withIdentity(command: Command, description: string): Command {
  return command
    .description(description)
    .argument('<key>', "the caller's key (with --service), or a record id as shown in logs")
    .option('--service <name>', "service of the key: its option service, by default the function's name")
    .option(
      '--principal <name>',
      'caller: the value of the option principal, or a JSON list such as ["jwt","issuer","subject"] (default: anonymous)',
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

function messageOf(error: unknown): string {
  if (error instanceof CommandError || error instanceof RecordUnreadableError) return error.message
  if (error instanceof StoreUnavailableError) return `${error.message}\n  ${describeError(error.cause)}`
  return describeError(error)
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
