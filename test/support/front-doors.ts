import { type IdempotencyOptions, idempotent, idempotentHandler, type Store } from 'oncekey'
import { middies, type Protected, type Work } from './middies.ts'

export interface FrontDoor {
  readonly door: string
  protect(work: Work, table: string | Store, options?: IdempotencyOptions): Protected
}

export const withoutMiddy: FrontDoor = { door: 'idempotentHandler', protect: idempotentHandler }

/** The ways in which a Lambda function is protected: the same promise holds for each. */
export const frontDoors: readonly FrontDoor[] = [
  withoutMiddy,
  ...middies.map(
    ({ version, assemble }): FrontDoor => ({
      door: version,
      protect: (work, table, options) => assemble(work, [idempotent(table, options)]),
    }),
  ),
]
