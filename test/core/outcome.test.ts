import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setImmediate } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'
import { manualClock } from 'oncekey/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ignoreRejection } from '../../packages/oncekey/src/core/log.ts'
import { OUTCOME_CHANNEL, report, warnOnce } from '../../packages/oncekey/src/core/outcome.ts'

const clock = manualClock()
const invocation = {
  service: 'payments',
  context: { awsRequestId: 'request-1' },
  startedAtMs: clock.nowMs() - 5,
}
const { context } = invocation
const event = { outcome: 'executed', service: 'payments', durationMs: 5, key: 'k1', context }

/** Collects what the process hears of while the test runs. */
function listenTo(name: 'unhandledRejection' | 'warning'): readonly unknown[] {
  const heard: unknown[] = []
  const listen = (value: unknown) => void heard.push(value)
  process.on(name, listen)
  onTestFinished(() => void process.off(name, listen))
  return heard
}

describe('an outcome', () => {
  it('is published on its channel and passed to the hook', () => {
    const published: unknown[] = []
    const hooked: unknown[] = []
    const listen = (message: unknown) => void published.push(message)
    subscribe(OUTCOME_CHANNEL, listen)
    onTestFinished(() => void unsubscribe(OUTCOME_CHANNEL, listen))
    report({ clock, onOutcome: (outcome) => hooked.push(outcome) }, invocation, 'executed', { key: 'k1' })
    report({ clock }, invocation, 'replayed')
    expect(hooked).toEqual([event])
    expect(published).toEqual([event, { outcome: 'replayed', service: 'payments', durationMs: 5, context }])
    expect(OUTCOME_CHANNEL).toBe('oncekey:outcome')
  })

  it('is passed to the hook alone if nobody has subscribed', () => {
    const hooked: unknown[] = []
    report({ clock, onOutcome: (outcome) => hooked.push(outcome) }, invocation, 'executed', { key: 'k1' })
    expect(hooked).toEqual([event])
  })

  it('takes no time where nobody listens', () => {
    const broken = {
      ...clock,
      nowMs: () => {
        throw new Error('was asked')
      },
    }
    report({ clock: broken }, invocation, 'executed')
  })

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('broken hook')
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken hook'))],
  ])('is reported to a hook that %s without harm', async (_, onOutcome) => {
    const unhandled = listenTo('unhandledRejection')
    report({ clock, onOutcome }, invocation, 'executed')
    await setImmediate()
    expect(unhandled).toEqual([])
  })
})

describe('what nobody awaits', () => {
  it.each([undefined, null, 'key', 7, {}, Promise.resolve('key')])('is returned as it is: %j', (value) => {
    expect(ignoreRejection(value)).toBe(value)
  })

  it('ends no process by its rejection, and is still one', async () => {
    const unhandled = listenTo('unhandledRejection')
    const rejected = ignoreRejection(Promise.reject(new Error('away')))
    await setImmediate()
    expect(unhandled).toEqual([])
    await expect(rejected).rejects.toThrow('away')
  })

  it('ends no process by the rejection of a promise of another realm', async () => {
    const unhandled = listenTo('unhandledRejection')
    ignoreRejection(runInNewContext('Promise.reject(new Error("away"))'))
    await setImmediate()
    expect(unhandled).toEqual([])
  })

  it('is not begun if it begins only when it is awaited', async () => {
    let begun = 0
    // biome-ignore lint/suspicious/noThenProperty: it is a thenable
    const query = { then: () => (begun += 1) }
    ignoreRejection(query)
    await setImmediate()
    expect(begun).toBe(0)
  })
})

it('a warning is printed once for each text', async () => {
  const warnings = listenTo('warning')
  for (const message of ['one', 'other', 'one']) warnOnce('ONCEKEY_TEST', message)
  await setImmediate()
  expect(warnings).toMatchObject([
    { name: 'OncekeyWarning', code: 'ONCEKEY_TEST', message: 'one' },
    { name: 'OncekeyWarning', code: 'ONCEKEY_TEST', message: 'other' },
  ])
})

it('warnings of ever new texts are not printed without end', async () => {
  const warnings = listenTo('warning')
  for (let n = 0; n < 1_000; n += 1) warnOnce('ONCEKEY_TEST', `text ${n}`)
  await setImmediate()
  expect(warnings.length).toBeLessThanOrEqual(100)
})
