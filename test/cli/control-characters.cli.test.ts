import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { recordId } from 'oncekey/inspect'
import { beforeAll, expect, it } from 'vitest'
import { createTable, type TestTable } from '../support/tables.ts'
import { claim, complete, pay } from './records.ts'
import { environmentOf, runCli, runCliInTerminal } from './run-cli.ts'

/** Clears the screen, rings the bell, begins a line, and turns the direction of the text: 7-bit and 8-bit. */
const evil = '\u001b[2J\u0007\r\nok\u009b2J\u202e'
const escaped = '\\u001b[2J\\u0007\\u000d\\u000aok\\u009b2J\\u202e'

let table: TestTable
let env: ReturnType<typeof environmentOf>
beforeAll(async () => {
  table = await createTable()
  env = environmentOf(table)
  const steps = new Map([[`charge ${evil}`, { kind: 'undefined' }]] as const)
  await claim(table, { ...pay, key: 'steps' }, { steps })
  await claim(table, { ...pay, key: 'owner' }, { owner: `owner ${evil}` })
  await complete(table, { ...pay, key: 'body' }, { statusCode: 200, body: evil })
  const Item = { id: { S: `foreign ${evil}` }, status: { S: `${evil}` }, v: { N: '1' } }
  await table.client.send(new PutItemCommand({ TableName: table.name, Item }))
})

const ofKey = (key: string) => ['--service', 'payments', key]

it.each([
  { what: 'the name of a step', args: ['show', ...ofKey('steps')] },
  { what: 'the name of a step in JSON', args: ['show', '--json', ...ofKey('steps')] },
  { what: 'an owner', args: ['show', ...ofKey('owner')] },
  { what: 'the id of a foreign item', args: ['list'] },
  { what: 'the id of a foreign item in JSON', args: ['list', '--json'] },
  { what: 'a key on the command line', args: ['show', `nothing ${evil}`] },
  { what: 'a command that does not exist', args: [`shw ${evil}`] },
  { what: 'an option that does not exist', args: ['show', 'k', `--${evil}`] },
  { what: 'the name of a table', args: ['--table', `t${evil}`, 'show', ...ofKey('steps')] },
  { what: 'a profile', args: ['--profile', evil, 'list'] },
])('control characters are escaped in $what', async ({ args }) => {
  const { stdout, stderr } = await runCli(args, env)
  const output = stdout + stderr
  expect(output).not.toMatch(/(?!\n)[\p{Cc}\u202e]/u)
  expect(output).toMatch(/\\u001b|\\\\u001b/)
})

it('a name cannot begin a line of its own', async () => {
  const { stdout } = await runCli(['show', ...ofKey('steps')], env)
  expect(stdout).toContain(`step          charge ${escaped}, undefined\n`)
})

it('JSON stays JSON', async () => {
  const { stdout } = await runCli(['show', '--json', '--body', ...ofKey('body')], env)
  expect(JSON.parse(stdout).answer.body.body).toBe(evil)
  const steps = await runCli(['show', '--json', ...ofKey('steps')], env)
  expect(JSON.parse(steps.stdout).steps[0].name).toBe(`charge ${evil}`)
})

it('in a terminal, the only control characters are those of the command itself', async () => {
  const { NO_COLOR: _, ...colourful } = env
  const id = recordId({ ...pay, key: 'steps' })
  const { stdout } = await runCliInTerminal(['show', id], colourful, '')
  // What is left without colours, and without the terminal's own line ends.
  const plain = stdout.split('\u001b[2m').join('').split('\u001b[22m').join('').split('\u001b[33m').join('')
  expect(plain.split('\u001b[39m').join('').split('\r\n').join('')).not.toMatch(/\p{Cc}/u)
  expect(stdout).toContain(escaped)
})
