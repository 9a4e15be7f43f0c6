import { Metric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch'

/** The CloudWatch namespace that `oncekey/metrics` writes to. */
export const OUTCOMES_NAMESPACE = 'Oncekey'

/** Which metric of which service. */
export interface OutcomeMetricOptions extends MetricOptions {
  /** The `service` option of the protected function, or its name if it has none. */
  readonly service: string
}

/**
 * How many requests of a service ended in an outcome, as `oncekey/metrics` counts them.
 * By default a sum over 5 minutes.
 *
 * @param outcome an outcome of the library, such as `replayed`, or `takeover`.
 */
export function metricOutcome(outcome: string, options: OutcomeMetricOptions): Metric {
  const { service, ...props } = options
  return new Metric({
    namespace: OUTCOMES_NAMESPACE,
    metricName: outcome,
    statistic: Stats.SUM,
    ...props,
    dimensionsMap: { ...props.dimensionsMap, service },
  })
}
