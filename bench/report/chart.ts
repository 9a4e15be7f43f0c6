import { COLUMNS, type Column, median, type Row } from '../row.ts'
import { short } from './markdown.ts'

const COLOURS: Readonly<Record<Column, string>> = {
  Oncekey: '#0b7285',
  'Oncekey with client': '#66d9e8',
  'raw SDK': '#868e96',
  'raw SDK tuned': '#ced4da',
  Powertools: '#e8590c',
  limit: '#2b8a3e',
}
const LABEL = 430
const BARS = 420
const BAR = 13
const GAP = 12

/** Bars for every row that has something to compare; each row has a scale of its own, so that shapes can be read. */
export function chart(rows: readonly Row[]): string {
  let y = 44
  const parts: string[] = []
  for (const row of rows) {
    const shown = COLUMNS.map((column) => ({ column, value: median(row.values[column]) })).filter(
      ({ value }) => Number.isFinite(value),
    )
    if (shown.length < 2) continue
    const longest = Math.max(...shown.map(({ value }) => value))
    const middle = y + (shown.length * BAR) / 2 + 4
    parts.push(
      text(
        LABEL - 10,
        middle,
        `${row.measure} (${row.unit})`,
        'end',
        row.isMet === false ? '#c92a2a' : '#212529',
      ),
    )
    for (const { column, value } of shown) {
      const width = longest > 0 ? Math.max(1, (value / longest) * BARS) : 1
      parts.push(
        `<rect x="${LABEL}" y="${y}" width="${width.toFixed(1)}" height="${BAR - 2}" fill="${COLOURS[column]}"/>`,
        text(LABEL + width + 5, y + BAR - 4, short(value), 'start', '#495057'),
      )
      y += BAR
    }
    y += GAP
  }
  const legend = COLUMNS.map((column, n) => {
    const x = 20 + n * 150
    return `<rect x="${x}" y="14" width="11" height="11" fill="${COLOURS[column]}"/>${text(x + 17, 24, column, 'start', '#212529')}`
  })
  const width = LABEL + BARS + 80
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}" font-family="sans-serif" font-size="11">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    ...legend,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

function text(x: number, y: number, content: string, anchor: 'start' | 'end', fill: string): string {
  const escaped = content.replace(/[&<>]/g, (mark) => `&#${mark.charCodeAt(0)};`)
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${fill}">${escaped}</text>`
}
