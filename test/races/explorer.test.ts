import { quick } from './scenarios.ts'
import { describeRaces } from './suite.ts'

describeRaces(Object.values(quick), 120_000)
