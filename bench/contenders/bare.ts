import type { Protect } from './contender.ts'

/** The handler alone. */
export const protect: Protect = (work) => work
