import {
  type Attributes,
  type Counter,
  type Histogram,
  type MeterProvider,
  metrics,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { describeError, rootNameOf } from '../core/error-description.ts'
import { noticeOf } from '../core/notices.ts'
import type { OutcomeEvent } from '../core/outcome.ts'

const SCOPE = 'oncekey'

/**
 * An `onOutcome` for OpenTelemetry. On the active span, which is the one around the handler, it sets the attributes
 * `oncekey.outcome`, `oncekey.service`, `oncekey.record.id`, `oncekey.attempt` and `oncekey.takeover`, and adds an event
 * `oncekey.outcome` with the same attributes: in a batch, the span keeps those of the last record, and has an event for
 * each. Where somebody has to look (what is logged by default, too) it records an exception, and sets the span's status
 * to error. It counts `oncekey.outcomes` and measures `oncekey.duration`, in seconds, by outcome and service.
 *
 * No attribute holds a key, and no exception a message that may show one.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/general/recording-errors/
 */
export function otelOutcomes(): (event: OutcomeEvent) => void {
  let provider: MeterProvider | undefined
  let instruments: Instruments | undefined

  return (event) => {
    const { outcome, service, durationMs, error } = event
    const labels: Attributes = {
      'oncekey.outcome': outcome,
      ...(service !== undefined && { 'oncekey.service': service }),
      ...(error !== undefined && { 'error.type': rootNameOf(error) }),
    }
    // The SDK may be registered after this module was loaded, and a meter of before measures nothing.
    if (instruments === undefined || provider !== metrics.getMeterProvider()) {
      provider = metrics.getMeterProvider()
      instruments = createInstruments(provider)
    }
    instruments.outcomes.add(1, labels)
    instruments.duration.record(durationMs / 1000, labels)
    annotateSpan(event, labels)
  }
}

interface Instruments {
  readonly outcomes: Counter
  readonly duration: Histogram
}

function createInstruments(provider: MeterProvider): Instruments {
  const meter = provider.getMeter(SCOPE)
  return {
    outcomes: meter.createCounter('oncekey.outcomes', {
      description: 'Requests, by how they ended',
      unit: '{request}',
    }),
    duration: meter.createHistogram('oncekey.duration', {
      description: 'From reading the event to the answer',
      unit: 's',
      advice: { explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] },
    }),
  }
}

function annotateSpan(event: OutcomeEvent, labels: Attributes): void {
  const span = trace.getActiveSpan()
  if (span === undefined || !span.isRecording()) return
  const { outcome, id, attempt, isTakeover, error } = event
  const attributes: Attributes = {
    ...labels,
    ...(id !== undefined && { 'oncekey.record.id': id }),
    ...(attempt !== undefined && { 'oncekey.attempt': attempt }),
    ...(isTakeover && { 'oncekey.takeover': true }),
  }
  const { 'error.type': _, ...lasting } = attributes
  span.setAttributes(lasting)
  span.addEvent('oncekey.outcome', attributes)
  const notice = noticeOf(outcome, event)
  if (notice === undefined) return
  // Not the error itself: its message and its stack may show the key.
  const { name, message, reason } = describeError(error)
  span.recordException({ name, message: [message ?? notice.message, reason].filter(Boolean).join(' ') })
  if (notice.level === 'error') span.setStatus({ code: SpanStatusCode.ERROR, message: notice.message })
}
