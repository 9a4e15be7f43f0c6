import { idempotentHandler } from 'oncekey'
import { memoryStore } from 'oncekey/memory'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

describe('a handler without the option service', () => {
  const emitWarning = vi.spyOn(process, 'emitWarning')
  const warned = () =>
    emitWarning.mock.calls.filter((call) => JSON.stringify(call).includes('ONCEKEY_SERVICE'))
  const ask = async (context: object, options = {}) => {
    const handler = idempotentHandler(async () => ({ statusCode: 201 }), memoryStore(), options)
    await Reflect.apply(handler, undefined, [httpApiEvent({ key: 'k' }), context])
  }

  beforeEach(() => {
    emitWarning.mockReset().mockImplementation(() => undefined)
    vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', undefined)
  })
  afterEach(() => vi.unstubAllEnvs())

  it('needs none where the context or the environment names the function', async () => {
    await ask(lambdaContext())
    await ask({}, { service: 'payments' })
    vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'payments')
    await ask({})
    expect(warned()).toEqual([])
  })

  it('elsewhere says once that such handlers share their keys, and what to do', async () => {
    await ask({})
    await ask({ functionName: '' })
    await ask({ functionName: 7 })
    expect(warned()).toEqual([
      [expect.stringMatching(/'local'.*service/), { type: 'OncekeyWarning', code: 'ONCEKEY_SERVICE' }],
    ])
  })
})
