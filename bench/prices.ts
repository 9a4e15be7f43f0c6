/**
 * On-demand prices in us-east-1 since November 2024, in US dollars for a million request units.
 * @see https://aws.amazon.com/dynamodb/pricing/on-demand/
 */
const USD_PER_MILLION_WRITES = 0.625
const USD_PER_MILLION_READS = 0.125

export interface Bill {
  readonly writeUnits: number
  readonly readUnits: number
}

/** The price of a million of these. */
export const usdPerMillion = ({ writeUnits, readUnits }: Bill): number =>
  writeUnits * USD_PER_MILLION_WRITES + readUnits * USD_PER_MILLION_READS
