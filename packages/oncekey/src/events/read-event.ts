import type { Reading } from './exchange.ts'
import { createAnswering, type HttpAnsweringOptions, refusal } from './http/answering.ts'
import { type HttpReadingOptions, readHttp } from './http/reading.ts'
import { isDurable, warnOfDurable } from './single/durable.ts'
import type { SingleReadingOptions } from './single/read-single.ts'

type EventOptions = HttpReadingOptions &
  HttpAnsweringOptions &
  Pick<SingleReadingOptions, 'archiveReplays'> & { readonly service: string }

/** What an event asks for, whatever its source. */
export async function readEvent(
  event: unknown,
  context: unknown,
  options: EventOptions,
  nowMs: number,
): Promise<Reading> {
  if (isDurable(context)) {
    warnOfDurable()
    return { kind: 'unprotected', outcome: 'skipped' }
  }
  const asked = readHttp(event, options, nowMs)
  if (asked === undefined) {
    // Functions behind HTTP never load it.
    const { readSingle } = await import('./single/read-single.ts')
    return readSingle(event, options, nowMs)
  }
  switch (asked.kind) {
    case 'unprotected':
      return asked
    case 'refused':
      return {
        kind: 'refused',
        error: asked.error,
        refuse: () => refusal(asked.request, asked.error, options, asked.key),
      }
    case 'asked':
      return {
        kind: 'exchange',
        exchange: {
          intent: asked.intent,
          ...(asked.staleKey && { staleKey: asked.staleKey }),
          ...createAnswering(asked.request, asked.intent.key, options),
        },
      }
  }
}
