import { batchSamples } from './batches.ts'
import { directSamples } from './direct.ts'
import { httpSamples } from './http.ts'
import { refusedSamples } from './refused.ts'
import type { Sample } from './sample.ts'
import { serviceSamples } from './services.ts'

/** Every event of the corpus. A source that is added needs a row of its table in the code, and samples here. */
export const allSamples: readonly Sample[] = [
  ...httpSamples,
  ...batchSamples,
  ...serviceSamples,
  ...directSamples,
  ...refusedSamples,
]
