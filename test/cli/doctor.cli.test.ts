import { randomUUID } from 'node:crypto'
import {
  CreateTableCommand,
  type KeySchemaElement,
  ScanCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import { beforeAll, describe, expect, it } from 'vitest'
import { createTable, type TestTable } from '../support/tables.ts'
import { startAlteringProxy } from './altering-proxy.ts'
import { environmentOf, runCli } from './run-cli.ts'

let table: TestTable
beforeAll(async () => {
  table = await createTable()
})

interface Report {
  readonly healthy: boolean
  readonly findings: readonly { readonly check: string; readonly level: string; readonly message: string }[]
}

async function diagnose(where: Pick<TestTable, 'name' | 'endpoint'>) {
  const { exitCode, stdout, stderr } = await runCli(['doctor', '--json'], environmentOf(where))
  const report: Report = JSON.parse(stdout)
  const levels = Object.fromEntries(report.findings.map(({ check, level }) => [check, level]))
  const messages = Object.fromEntries(report.findings.map(({ check, message }) => [check, message]))
  return { exitCode, stderr, healthy: report.healthy, levels, messages }
}

/** Creates a table that is not as oncekey needs it. */
async function createWrongTable(keys: Record<string, 'S' | 'N'>, ttl?: string): Promise<TestTable> {
  const name = `oncekey-${randomUUID()}`
  const KeySchema = Object.keys(keys).map(
    (AttributeName, n): KeySchemaElement => ({ AttributeName, KeyType: n === 0 ? 'HASH' : 'RANGE' }),
  )
  const AttributeDefinitions = Object.entries(keys).map(([AttributeName, AttributeType]) => ({
    AttributeName,
    AttributeType,
  }))
  await table.client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema,
      AttributeDefinitions,
    }),
  )
  if (ttl !== undefined) {
    const TimeToLiveSpecification = { AttributeName: ttl, Enabled: true }
    await table.client.send(new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification }))
  }
  return { ...table, name }
}

describe('oncekey doctor', () => {
  it('reports a correct table as healthy, and leaves nothing in it', async () => {
    const { exitCode, healthy, levels } = await diagnose(table)
    expect(levels).toEqual({
      table: 'ok',
      'key schema': 'ok',
      TTL: 'ok',
      'dynamodb:GetItem': 'ok',
      'dynamodb:PutItem': 'ok',
      'dynamodb:UpdateItem': 'ok',
      'dynamodb:DeleteItem': 'ok',
      'dynamodb:Scan': 'ok',
      clock: 'ok',
    })
    expect(healthy).toBe(true)
    expect(exitCode).toBe(0)
    expect((await table.client.send(new ScanCommand({ TableName: table.name }))).Count).toBe(0)
  })

  it('prints one line per check', async () => {
    const { stdout, stderr } = await runCli(['doctor'], environmentOf(table))
    expect(stdout).toContain('ok       key schema: partition key id (S).\n')
    expect(stdout).toContain('ok       TTL: ENABLED on expiresAt.\n')
    expect(stderr).toBe('')
  })

  it('reports a table that does not exist', async () => {
    const { exitCode, stderr, levels, messages } = await diagnose({ ...table, name: 'nowhere' })
    expect(levels).toEqual({ table: 'problem', clock: 'ok' })
    expect(messages.table).toContain('it does not exist')
    expect(stderr).toContain('Found one problem with table "nowhere" in us-east-1')
    expect(exitCode).toBe(1)
  })

  it.each([
    { keys: { id: 'S', sk: 'S' } as const, got: 'partition key id (S) and sort key sk (S)' },
    { keys: { pk: 'S' } as const, got: 'partition key pk (S)' },
    { keys: { id: 'N' } as const, got: 'partition key id (N)' },
  ])('reports the wrong key schema $got', async ({ keys, got }) => {
    const { exitCode, levels, messages } = await diagnose(await createWrongTable(keys, 'expiresAt'))
    expect(levels['key schema']).toBe('problem')
    expect(messages['key schema']).toContain(`got ${got}`)
    expect(exitCode).toBe(1)
  })

  it.each([
    { ttl: undefined, got: 'got DISABLED' },
    { ttl: 'ttl', got: 'got TTL on ttl' },
  ])('warns that expired records are not deleted with TTL on $ttl', async ({ ttl, got }) => {
    const { exitCode, levels, messages } = await diagnose(await createWrongTable({ id: 'S' }, ttl))
    expect(levels.TTL).toBe('warning')
    expect(messages.TTL).toContain(got)
    expect(exitCode).toBe(0)
  })

  it.each([
    { denied: 'GetItem', level: 'problem', exitCode: 1 },
    { denied: 'PutItem', level: 'problem', exitCode: 1 },
    { denied: 'UpdateItem', level: 'problem', exitCode: 1 },
    { denied: 'DeleteItem', level: 'warning', exitCode: 0 },
    { denied: 'Scan', level: 'warning', exitCode: 0 },
  ])('reports that $denied is denied', async ({ denied, level, exitCode }) => {
    const endpoint = await startAlteringProxy(table.endpoint, { denied: [denied] })
    const diagnosis = await diagnose({ ...table, endpoint })
    const others = Object.entries(diagnosis.levels).filter(([check]) => check !== `dynamodb:${denied}`)
    expect(diagnosis.levels[`dynamodb:${denied}`]).toBe(level)
    expect(diagnosis.messages[`dynamodb:${denied}`]).toContain(`allow dynamodb:${denied} on this table`)
    expect(others.map(([, level]) => level)).toEqual(Array(8).fill('ok'))
    expect(diagnosis.exitCode).toBe(exitCode)
  })

  it('continues if it may not describe the table', async () => {
    const denied = ['DescribeTable', 'DescribeTimeToLive']
    const endpoint = await startAlteringProxy(table.endpoint, { denied })
    const { exitCode, levels, messages } = await diagnose({ ...table, endpoint })
    expect(levels).toMatchObject({ table: 'warning', TTL: 'warning', 'dynamodb:PutItem': 'ok', clock: 'ok' })
    expect(messages.table).toContain('allow dynamodb:DescribeTable')
    expect(messages.TTL).toContain('allow dynamodb:DescribeTimeToLive')
    expect(exitCode).toBe(0)
  })

  it.each([
    { dateSkewMs: -60_000, level: 'warning', says: /clock is (5\d s|1 min) ahead of DynamoDB's/ },
    { dateSkewMs: 60_000, level: 'warning', says: /clock is (5\d s|1 min) behind DynamoDB's/ },
    { dateSkewMs: -3_600_000, level: 'problem', says: /clock is (59 min|1 h) ahead/ },
    { dateSkewMs: 3_600_000, level: 'problem', says: /clock is (59 min|1 h) behind/ },
  ])('measures a clock skew of $dateSkewMs ms', async ({ dateSkewMs, level, says }) => {
    const endpoint = await startAlteringProxy(table.endpoint, { dateSkewMs })
    const { levels, messages } = await diagnose({ ...table, endpoint })
    expect(levels.clock).toBe(level)
    expect(messages.clock).toMatch(says)
  })

  it.each([
    { consistency: 'STRONG', level: 'ok' },
    { consistency: 'EVENTUAL', level: 'problem' },
    { consistency: undefined, level: 'problem' },
  ])('reports replicas with consistency $consistency as $level', async ({ consistency, level }) => {
    const describeTable = (described: Record<string, unknown>) => ({
      ...described,
      Replicas: [{ RegionName: 'eu-west-1' }],
      MultiRegionConsistency: consistency,
    })
    const endpoint = await startAlteringProxy(table.endpoint, { describeTable })
    const { levels, messages } = await diagnose({ ...table, endpoint })
    expect(levels.replicas).toBe(level)
    expect(messages.replicas).toContain('eu-west-1')
  })

  it('reports a table that is not ready yet', async () => {
    const describeTable = (described: Record<string, unknown>) => ({ ...described, TableStatus: 'CREATING' })
    const endpoint = await startAlteringProxy(table.endpoint, { describeTable })
    expect((await diagnose({ ...table, endpoint })).levels.table).toBe('problem')
  })
})
