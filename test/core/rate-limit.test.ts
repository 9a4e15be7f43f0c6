import { describe, expect, it } from 'vitest'
import { type Quotas, takeQuota } from '../../packages/oncekey/src/core/rate-limit.ts'

describe('lines of one kind', () => {
  it('are written up to the burst in 10 seconds, and the next one counts what was suppressed', () => {
    const quotas: Quotas = new Map()
    const take = (nowMs: number) => takeQuota(quotas, 'kind', nowMs, 2)
    expect([0, 1, 2, 3, 9_999].map(take)).toEqual([0, 0, undefined, undefined, undefined])
    expect([10_000, 10_001, 10_002].map(take)).toEqual([3, 0, undefined])
    expect(take(20_000)).toBe(1)
  })

  it('do not hold back those of another kind', () => {
    const quotas: Quotas = new Map()
    expect(['one', 'other', 'one'].map((kind) => takeQuota(quotas, kind, 0, 1))).toEqual([0, 0, undefined])
  })
})

describe('kinds without end', () => {
  it('share one quota beyond a hundred, and take no more memory', () => {
    const quotas: Quotas = new Map()
    const taken = Array.from({ length: 1_000 }, (_, n) => takeQuota(quotas, `kind ${n}`, 0, 1))
    expect(taken.filter((suppressed) => suppressed !== undefined)).toHaveLength(101)
    expect(quotas.size).toBe(101)
  })

  it('make room for each other once their time is over', () => {
    const quotas: Quotas = new Map()
    for (let n = 0; n < 1_000; n += 1) takeQuota(quotas, `kind ${n}`, 0, 1)
    expect(takeQuota(quotas, 'new', 10_000, 1)).toBe(0)
    expect(quotas.size).toBe(1)
  })
})
