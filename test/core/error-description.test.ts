import { describe, expect, it } from 'vitest'
import { systemClock } from '../../packages/oncekey/src/core/clock.ts'
import { describeError, rootNameOf } from '../../packages/oncekey/src/core/error-description.ts'
import { KeyReusedError, StoreUnavailableError } from '../../packages/oncekey/src/core/errors.ts'
import { report } from '../../packages/oncekey/src/core/outcome.ts'

const SECRET = 'a card, and a name'

describe('an error that is logged', () => {
  it.each<[string, unknown, object]>([
    [
      'of the library quotes its key',
      new KeyReusedError(SECRET),
      { name: 'KeyReusedError', code: 'key-reused' },
    ],
    ['of others may quote anything', new TypeError(SECRET), { name: 'TypeError' }],
    ['has a name that is none', Object.assign(new Error(), { name: SECRET }), { name: 'Error' }],
    ['has a name without end', Object.assign(new Error(), { name: 'x'.repeat(65) }), { name: 'Error' }],
    ['has a code that is none', Object.assign(new Error(), { code: SECRET }), { name: 'Error' }],
    ['is a text', SECRET, { name: 'string' }],
    ['is nothing', null, { name: 'object' }],
    [
      'cannot be read',
      {
        get name() {
          throw new Error(SECRET)
        },
      },
      { name: 'object' },
    ],
  ])('is described without contents if it %s', (_, error, described) => {
    expect(describeError(error)).toEqual(described)
  })

  it('of the store shows its own words, up to a limit', () => {
    const error = new StoreUnavailableError('m'.repeat(600), { retryable: true, reason: 'r'.repeat(600) })
    expect(describeError(error)).toMatchObject({ message: 'm'.repeat(500), reason: 'r'.repeat(500) })
  })

  it('shows its causes, up to a limit', () => {
    const error = new Error(SECRET)
    error.cause = error
    const names = JSON.stringify(describeError(error)).match(/"name"/g)
    expect(names).toHaveLength(5)
    expect(rootNameOf(error)).toBe('Error')
  })

  it('goes by the name or code at the bottom', () => {
    const refused = Object.assign(new Error(), { name: 'AccessDeniedException' })
    expect(rootNameOf(new Error('', { cause: refused }))).toBe('AccessDeniedException')
    expect(rootNameOf(new Error('', { cause: Object.assign(new Error(), { code: 'ECONNRESET' }) }))).toBe(
      'ECONNRESET',
    )
    expect(rootNameOf(undefined)).toBe('undefined')
  })
})

it('an error that nobody can look at changes nothing', () => {
  const { proxy, revoke } = Proxy.revocable(new Error(SECRET), {})
  revoke()
  const invocation = { service: 'payments', context: undefined, startedAtMs: 0 }
  expect(() => report({ clock: systemClock }, invocation, 'superseded', { error: proxy })).not.toThrow()
})
