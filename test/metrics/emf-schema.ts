/**
 * The schema of an Embedded Metric Format document, with the rules that the specification gives in prose and its
 * own schema leaves out: at most 100 metrics, resolutions of 1 or 60.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
const name = (maxLength: number): object => ({ type: 'string', minLength: 1, maxLength })

const units = ['Seconds', 'Microseconds', 'Milliseconds', 'Bytes', 'Percent', 'Count', 'None']

const definition = {
  type: 'object',
  required: ['Name'],
  additionalProperties: false,
  properties: { Name: name(1024), Unit: { enum: units }, StorageResolution: { enum: [1, 60] } },
}

const directive = {
  type: 'object',
  required: ['Namespace', 'Dimensions', 'Metrics'],
  additionalProperties: false,
  properties: {
    Namespace: name(1024),
    Dimensions: { type: 'array', minItems: 1, items: { type: 'array', maxItems: 30, items: name(250) } },
    Metrics: { type: 'array', maxItems: 100, items: definition },
  },
}

export const emfSchema: object = {
  type: 'object',
  required: ['_aws'],
  properties: {
    _aws: {
      type: 'object',
      required: ['Timestamp', 'CloudWatchMetrics'],
      additionalProperties: false,
      properties: { Timestamp: { type: 'integer' }, CloudWatchMetrics: { type: 'array', items: directive } },
    },
  },
}
