import { describe, expect, it } from 'vitest'
import { SINGLE_SOURCES } from '../../packages/oncekey/src/sources/single.ts'
import { readPage } from '../docs/pages.ts'
import { shapes } from '../sources/http/delivered.ts'
import { allSamples } from './corpus/all.ts'
import { recognize } from './corpus/recognize.ts'
import { changed } from './corpus/sample.ts'

const [, section = ''] = readPage('docs/triggers.md').split('\n## Recognition\n')
const rows = [...section.matchAll(/^\| `([\w-]+)`: [^|]*\| ([^|]*) \|/gm)].map(([, id = '', shape = '']) => ({
  id,
  shape,
}))
const ids = rows.map(({ id }) => id)

/** The members that have to be there, each with its alternatives. What follows a semicolon holds for other variants. */
const required = rows.flatMap(({ id, shape }) =>
  (shape.split(';')[0] ?? '')
    .split(', ')
    .map((part) => [...part.matchAll(/`([\w.[\]-]+)`/g)].map(([, member = '']) => member))
    .filter((members) => members.length > 0 && !members.some((member) => ids.includes(member)))
    .map((members) => ({ id, members })),
)

const pointerOf = (member: string): string =>
  `/${member === 'CodePipeline.job' ? member : member.replaceAll('[]', '.0').replaceAll('.', '/')}`

describe('the table of docs/triggers.md', () => {
  it('has every source of the code, and each once', () => {
    const sources = SINGLE_SOURCES.map(({ id }) => id).filter((id) => id !== 'batch')
    const inCode = [...shapes, 'sqs', 'kinesis', 'dynamodb', 'kafka', ...sources]
    expect(ids.toSorted()).toEqual(inCode.toSorted())
  })

  it('has samples in the corpus for every source', () => {
    expect([...new Set(allSamples.map(({ source }) => source))].toSorted()).toEqual(ids.toSorted())
  })

  it.each(required)(
    'says what $id is recognized by: without $members an event is another',
    ({ id, members }) => {
      const event = allSamples.find(({ source }) => source === id)?.event
      const without = changed(
        event,
        Object.fromEntries(members.map((member) => [pointerOf(member), undefined])),
      )
      expect([recognize(event), recognize(without) === id]).toEqual([id, false])
    },
  )
})
