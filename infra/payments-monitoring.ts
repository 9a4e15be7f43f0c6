import { Duration } from 'aws-cdk-lib'
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import type { Outcome } from 'oncekey'
import { type IIdempotencyTable, metricOutcome } from 'oncekey-cdk'

export interface PaymentsMonitoringProps {
  readonly table: IIdempotencyTable
  /** The service whose outcomes are watched. */
  readonly service: string

  /**
   * Who is told of an alarm.
   *
   * @default - nobody: alarms are only seen in CloudWatch
   */
  readonly alarmTopic?: ITopic
}

/** A metric that `oncekey/metrics` writes. */
type MetricName = Outcome | 'takeover' | 'durationMs'

const period = Duration.minutes(5)

/** What to look at, and when to be woken. */
export class PaymentsMonitoring extends Construct {
  constructor(scope: Construct, id: string, props: PaymentsMonitoringProps) {
    super(scope, id)
    this.addAlarms(props)
    this.addDashboard(props)
  }

  private addAlarms({ table, service, alarmTopic }: PaymentsMonitoringProps): void {
    const count = (name: MetricName) => metricOutcome(name, { service, period })
    const add = (id: string, metric: IMetric, threshold: number, alarmDescription: string) => {
      const alarm = new Alarm(this, id, {
        metric,
        alarmDescription,
        threshold,
        evaluationPeriods: 1,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        // No request is no trouble.
        treatMissingData: TreatMissingData.NOT_BREACHING,
      })
      if (alarmTopic) alarm.addAlarmAction(new SnsAction(alarmTopic))
    }
    add(
      'InFlight',
      count('in-flight'),
      50,
      'Many repeats arrive while the first request still runs: clients retry too soon, or the function is slow.',
    )
    add(
      'CompletionFailed',
      count('completion-failed'),
      1,
      'Work was done whose result could not be stored: after the lease, a repeat runs it again.',
    )
    add(
      'Takeover',
      count('takeover'),
      5,
      'Runs take over from runs that failed or were cut off: look for crashes and time-outs of the function.',
    )
    add('Throttles', table.metricThrottles({ period }), 1, 'DynamoDB throttles the idempotency table.')
  }

  private addDashboard({ table, service }: PaymentsMonitoringProps): void {
    const counts = (...names: MetricName[]) => names.map((name) => metricOutcome(name, { service, period }))
    const durations = ['p50', 'p99'].map((statistic) =>
      metricOutcome('durationMs' satisfies MetricName, { service, period, statistic, label: statistic }),
    )
    const units = [
      table.metricConsumedWriteCapacityUnits({ period }),
      table.metricConsumedReadCapacityUnits({ period }),
    ]
    const refusals = [
      table.metricConditionalCheckFailures({ period }),
      table.metricThrottles({ period }),
      table.metricSystemErrors({ period }),
    ]
    const trouble = counts(
      'takeover',
      'superseded',
      'completion-failed',
      'replay-unavailable',
      'outcome-unknown',
      'unreadable',
      'store-unavailable',
    )
    const graph = (title: string, left: IMetric[]) => new GraphWidget({ title, left, width: 12 })
    new Dashboard(this, 'Dashboard', {
      widgets: [
        [
          graph('Requests', counts('executed', 'replayed', 'released')),
          graph('Refused', counts('in-flight', 'mismatch', 'missing', 'invalid')),
        ],
        [graph('Trouble', trouble), graph('From request to answer (ms)', durations)],
        [graph('Units of the table', units), graph('Refusals of the table', refusals)],
      ],
    })
  }
}
