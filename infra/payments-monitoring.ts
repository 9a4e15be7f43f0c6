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
  /** The service whose outcomes are monitored. */
  readonly service: string

  /**
   * The topic that alarms are published to.
   *
   * @default - none: alarms are visible in CloudWatch only
   */
  readonly alarmTopic?: ITopic
}

/** A metric that `oncekey/metrics` writes. */
type MetricName = Outcome | 'takeover' | 'durationMs'

const period = Duration.minutes(5)

/** The alarms and the dashboard of the demo. */
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
        // There is no data while there are no requests.
        treatMissingData: TreatMissingData.NOT_BREACHING,
      })
      if (alarmTopic) alarm.addAlarmAction(new SnsAction(alarmTopic))
    }
    add(
      'InFlight',
      count('in-flight'),
      50,
      'Many repeats arrive while the first request is in progress: clients retry too soon, or the function is slow.',
    )
    add(
      'CompletionFailed',
      count('completion-failed'),
      1,
      'A request succeeded, but its result was not stored: after the lease, a repeat runs it again.',
    )
    add(
      'Takeover',
      count('takeover'),
      5,
      'Runs take over from interrupted runs: look for crashes and timeouts of the function.',
    )
    add(
      'Throttles',
      table.metricThrottles({ period }),
      1,
      'DynamoDB throttles writes to the idempotency table.',
    )
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
    const failures = counts(
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
        [graph('Failures and takeovers', failures), graph('Duration of a request (ms)', durations)],
        [graph('Consumed capacity units', units), graph('Failed and throttled writes', refusals)],
      ],
    })
  }
}
