import type { Work } from './contender.ts'

/** The handler's answer, unless a measure says otherwise. */
export const SMALL_ANSWER = {
  statusCode: 201,
  headers: { 'content-type': 'application/json', location: '/payments/pay_1Nv0FGQ9RKHgCVdK' },
  body: JSON.stringify({ id: 'pay_1Nv0FGQ9RKHgCVdK', status: 'succeeded', amount: 12_500, currency: 'EUR' }),
}

export const work: Work = async () => SMALL_ANSWER
