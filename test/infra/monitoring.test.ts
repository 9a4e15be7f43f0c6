import { Template } from 'aws-cdk-lib/assertions'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { Topic } from 'aws-cdk-lib/aws-sns'
import type { Outcome } from 'oncekey'
import { IdempotencyMonitoring, type IdempotencyMonitoringProps, IdempotencyTable } from 'oncekey-cdk'
import { expect, test, vi } from 'vitest'
import { createStack } from './stacks.ts'

// The first synthesis loads most of aws-cdk-lib.
vi.setConfig({ testTimeout: 60_000 })

const synthesise = (props: Partial<IdempotencyMonitoringProps> = {}) => {
  const stack = createStack()
  const topic = new Topic(stack, 'Topic')
  const table = new IdempotencyTable(stack, 'Idempotency')
  const monitoring = new IdempotencyMonitoring(stack, 'Monitoring', {
    table,
    service: 'payments',
    alarmActions: [new SnsAction(topic)],
    ...props,
  })
  const template = Template.fromStack(stack)
  const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm'))
  return { stack, topic, monitoring, template, alarms: alarms.map(({ Properties }) => Properties) }
}

const thresholdsOf = ({ alarms }: ReturnType<typeof synthesise>) =>
  Object.fromEntries(alarms.map(({ MetricName, Threshold }) => [MetricName, Threshold]))

test('has an alarm on each outcome that somebody must look at, on takeovers, repeats and throttling', () => {
  const metrics: readonly (Outcome | 'takeover' | 'WriteThrottleEvents')[] = [
    'WriteThrottleEvents',
    'completion-failed',
    'in-flight',
    'outcome-unknown',
    'store-unavailable',
    'takeover',
    'unreadable',
  ]
  expect(Object.keys(thresholdsOf(synthesise())).sort()).toEqual(metrics)
})

test('calls the alarm actions', () => {
  const { stack, topic, alarms } = synthesise()
  const topicArn: unknown = stack.resolve(topic.topicArn)
  expect(alarms.map(({ AlarmActions }) => AlarmActions)).toEqual(alarms.map(() => [topicArn]))
})

test('changes thresholds and leaves out alarms', () => {
  const synthesised = synthesise({ thresholds: { completionFailed: 3, inFlight: false, throttles: false } })
  const thresholds = thresholdsOf(synthesised)
  expect(thresholds).toMatchObject({ 'completion-failed': 3, takeover: 5 })
  expect(Object.keys(thresholds)).not.toContain('in-flight')
  expect(Object.keys(thresholds)).not.toContain('WriteThrottleEvents')
  expect(Object.keys(synthesised.monitoring.alarms).sort()).toEqual([
    'completionFailed',
    'outcomeUnknown',
    'storeUnavailable',
    'takeover',
    'unreadable',
  ])
})

test('reads the metrics where emfMetrics writes them', () => {
  const { alarms } = synthesise({ namespace: 'Shop', dimensions: { stage: 'prod' } })
  const ofOutcomes = alarms.filter(({ MetricName }) => MetricName !== 'WriteThrottleEvents')
  expect(ofOutcomes.map(({ Namespace, Dimensions }) => ({ Namespace, Dimensions }))).toEqual(
    ofOutcomes.map(() => ({
      Namespace: 'Shop',
      Dimensions: [
        { Name: 'service', Value: 'payments' },
        { Name: 'stage', Value: 'prod' },
      ],
    })),
  )
})

test('shows every outcome, the takeovers and the durations on the dashboard', () => {
  const { stack, monitoring } = synthesise()
  const body = JSON.stringify(
    Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Dashboard')),
  )
  const outcomes: Record<Outcome, true> = {
    executed: true,
    replayed: true,
    released: true,
    'in-flight': true,
    mismatch: true,
    missing: true,
    invalid: true,
    superseded: true,
    'completion-failed': true,
    'replay-unavailable': true,
    'outcome-unknown': true,
    unreadable: true,
    'store-unavailable': true,
    skipped: true,
  }
  const shown = [...Object.keys(outcomes), 'takeover', 'durationMs'].filter((name) =>
    body.includes(`\\"Oncekey\\",\\"${name}\\"`),
  )
  expect(shown).toEqual([...Object.keys(outcomes), 'takeover', 'durationMs'])
  expect(monitoring.dashboard).toBeDefined()
})

test('names the dashboard, or has none', () => {
  synthesise({ dashboardName: 'keys' }).template.hasResourceProperties('AWS::CloudWatch::Dashboard', {
    DashboardName: 'keys',
  })
  const { template, monitoring } = synthesise({ dashboardName: false })
  template.resourceCountIs('AWS::CloudWatch::Dashboard', 0)
  expect(monitoring.dashboard).toBeUndefined()
})
