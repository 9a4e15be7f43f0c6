import type { Reading } from './exchange.ts'
import { createAnswering, type HttpAnsweringOptions, refusal } from './http/answering.ts'
import { type HttpReadingOptions, readHttp } from './http/reading.ts'

type EventOptions = HttpReadingOptions & HttpAnsweringOptions & { readonly service: string }

/** What an event asks for, whatever its source. */
export async function readEvent(
  event: unknown,
  context: unknown,
  options: EventOptions,
  nowMs: number,
): Promise<Reading> {
  const asked = await readHttp(event, context, options, nowMs)
  if (asked === undefined) throw new TypeError('not yet')
  switch (asked.kind) {
    case 'unprotected':
      return asked
    case 'refused':
      return { kind: 'refused', error: asked.error, refuse: () => refusal(asked.request, asked.error, options) }
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
