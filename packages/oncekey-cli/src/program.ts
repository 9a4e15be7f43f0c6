import { readFileSync } from 'node:fs'
import { styleText } from 'node:util'
import { Command, CommanderError, Option } from 'commander'
import { RecordUnreadableError, StoreUnavailableError } from 'oncekey/inspect'
import { type ChangeOptions, forget, release } from './change.ts'
import { type Connection, type ConnectOptions, connected } from './connect.ts'
import { doctor } from './doctor.ts'
import { CommandError, EXIT } from './exit.ts'
import { wordsOf } from './failure.ts'
import { type IdentityOptions, idOf, KINDS } from './find-record.ts'
import { list } from './list.ts'
import { endProgress, note } from './print.ts'
import { show } from './show.ts'

interface CommonOptions extends ConnectOptions {
  readonly json?: boolean
}

/** Runs one command line. @returns the exit code; nothing is thrown. */
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
    .description('What happened to an idempotency key, and what to do about it.')
    .version(versionOf(), '--version', 'print the version')
    .addOption(new Option('--table <name>', 'the table that holds the records').env('IDEMPOTENCY_TABLE'))
    .option('--region <name>', 'the AWS Region (default: as the AWS SDK finds it, such as AWS_REGION)')
    .option('--endpoint <url>', 'another DynamoDB, such as http://127.0.0.1:8000')
    .option('--json', 'print JSON, a record a line')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', EXIT_CODES)
    .showSuggestionAfterError()
    .exitOverride()

  withIdentity(program.command('show'), 'show what the record of a key says')
    .option('--body', 'show the stored answer too, which may hold personal data', false)
    .action((key: string, options: IdentityOptions & { body: boolean }, command: Command) =>
      onTable(command, (connection, json) =>
        show(connection, idOf(key, options), { json, body: options.body, isGuessed: isGuessed(options) }),
      ),
    )
  program
    .command('list')
    .description('list records; this reads the whole table')
    .option('--in-flight', 'only those that are not completed', false)
    .option('--service <name>', 'only those of this service')
    .action((options: { inFlight: boolean; service?: string }, command: Command) =>
      onTable(command, (connection, json) => list(connection, { ...options, json })),
    )
  withChange(
    withIdentity(program.command('release'), 'end the lease of a run that is known to be dead'),
    release,
  )
  withChange(
    withIdentity(program.command('forget'), 'delete the record of a key, so that it runs again'),
    forget,
  )
  program
    .command('doctor')
    .description('check the table, the permissions and the clock; writes nothing')
    .action((_options: object, command: Command) => onTable(command, doctor))
  return program
}

function withIdentity(command: Command, description: string): Command {
  return command
    .description(description)
    .argument('<key>', "the caller's key (with --service), or a record's id as logs show it")
    .option('--service <name>', "whose key it is: the option service, by default the function's name")
    .option(
      '--principal <name>',
      'the caller: what the option principal gives, or a JSON list such as ["jwt","issuer","subject"] (default: anonymous)',
    )
    .option(
      '--name <name>',
      "the operation: runOnce's name, Class.method, or 'POST /path' with scope 'operation'",
      '',
    )
    .addOption(new Option('--kind <kind>', 'the kind of entry').choices(KINDS).default('http'))
}

function withChange(
  command: Command,
  change: (connection: Connection, id: string, options: ChangeOptions) => Promise<void>,
): void {
  command
    .option('--yes', 'do not ask', false)
    .action((key: string, options: IdentityOptions & { yes: boolean }, self: Command) =>
      onTable(self, (connection, json) =>
        change(connection, idOf(key, options), { json, yes: options.yes, isGuessed: isGuessed(options) }),
      ),
    )
}

/** Whether the id was made from parts, any of which may be wrong. */
const isGuessed = ({ service }: IdentityOptions): boolean => service !== undefined

function onTable(
  command: Command,
  use: (connection: Connection, json: boolean) => Promise<void>,
): Promise<void> {
  const { json = false, ...options } = command.optsWithGlobals<CommonOptions>()
  return connected(options, (connection) => use(connection, json))
}

function messageOf(error: unknown): string {
  if (error instanceof CommandError || error instanceof RecordUnreadableError) return error.message
  if (error instanceof StoreUnavailableError) return `${error.message}\n  ${wordsOf(error.cause)}`
  return wordsOf(error)
}

function versionOf(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(text) as { version: string }
  return version
}

const EXIT_CODES = `
Exit codes:
  ${EXIT.done}  done
  ${EXIT.failed}  DynamoDB did not do it, or doctor found a problem
  ${EXIT.usage}  the command line, the Region or the credentials lack something
  ${EXIT.noRecord}  no such key
  ${EXIT.notDone}  not done: not confirmed, changed meanwhile, or not in a state for it`
