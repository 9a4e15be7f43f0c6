import { describe, expect, it } from 'vitest'
import { type Conversation, callers, conversations } from './requests.ts'
import { type Entrance, entrances, scenario } from './scenario.ts'

async function holds(entrance: Entrance, { options, turns }: Conversation): Promise<void> {
  const { send, runs } = await scenario(entrance, options)
  const got: unknown[] = []
  for (const [facts] of turns) {
    const before = runs()
    const { isReplay, status, code } = await send(facts)
    if (runs() > before) got.push('runs')
    else got.push(isReplay ? 'replays' : { status, code })
  }
  expect(got).toEqual(turns.map(([, expected]) => expected))
}

describe.each(entrances)('$entrance', (entrance) => {
  it.each(conversations)('$row', (conversation) => holds(entrance, conversation))
})

describe.each(entrances.filter(({ source }) => /API/.test(source.source)))('$entrance', (entrance) => {
  it.each(callers)('$row', (conversation) => holds(entrance, conversation))
})
