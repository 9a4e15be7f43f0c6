import { COLUMNS, type Row } from '../row.ts'
import type { Figure } from '../stats.ts'

/** The table, with each median and, after it, the span in which half of the rounds lay. */
export function markdown(rows: readonly Row[], facts: readonly string[]): string {
  const header = ['measure', 'goal', ...COLUMNS, ''].join(' | ')
  const lines = rows.map((row) =>
    [
      `${row.measure} (${row.unit})`,
      row.goal,
      ...COLUMNS.map((column) => cell(row.values[column])),
      verdict(row),
    ].join(' | '),
  )
  const notes = rows.filter(({ note }) => note !== undefined)
  return [
    '# Oncekey beside the others',
    '',
    ...facts.map((fact) => `- ${fact}`),
    '',
    `| ${header} |`,
    `|${'---|'.repeat(COLUMNS.length + 3)}`,
    ...lines.map((line) => `| ${line} |`),
    '',
    ...notes.map(({ measure, unit, note }) => `- *${measure} (${unit})*: ${note}`),
    '',
  ].join('\n')
}

export const verdict = ({ isMet }: Row): string => (isMet === undefined ? '' : isMet ? 'met' : '**missed**')

function cell(value: Figure | string | undefined): string {
  if (value === undefined) return '–'
  if (typeof value === 'string') return value
  const { median, low, high } = value
  return low === high ? short(median) : `${short(median)} (${short(low)}–${short(high)})`
}

export function short(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(Math.abs(value) < 1000 ? 3 : 4)
}
