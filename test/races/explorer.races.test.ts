import { deep } from './scenarios.ts'
import { describeRaces } from './suite.ts'

describeRaces(Object.values(deep), 900_000)
