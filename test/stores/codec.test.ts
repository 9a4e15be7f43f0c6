import { describe, expect, test } from 'vitest'
import type { IdempotencyRecord } from '../../packages/oncekey/src/core/record.ts'
import type { StoredResult } from '../../packages/oncekey/src/core/result.ts'
import {
  type Attributes,
  decodeRecord,
  encodeCompletion,
  encodeRecord,
  encodeTakeover,
} from '../../packages/oncekey/src/stores/codec.ts'
import {
  aClaim,
  aCompletion,
  completed,
  results,
  T0,
} from '../../packages/oncekey/src/testing/contract/records.ts'

type Document = Readonly<Record<string, unknown>>

const claim = aClaim({ id: 'payments#1', onCrash: 'refuse', steps: new Map(Object.entries(results)) })
const commitToken = 'a-token'

/** A completed record with this result, as its store holds it. */
const completedWith = (result: StoredResult): Attributes => ({
  ...encodeRecord({ ...claim, steps: new Map() }),
  ...encodeCompletion(aCompletion({ result, commitToken })),
})
/** The records that are damaged below: between them, they have every attribute. */
const documents: Readonly<Record<string, Attributes>> = {
  'in flight': encodeRecord(claim),
  'taken over': { ...encodeRecord(claim), ...encodeTakeover(claim) },
  ...Object.fromEntries(
    Object.entries(results).map(([name, result]) => [`completed, ${name}`, completedWith(result)]),
  ),
}
const read = (document: Document): IdempotencyRecord => decodeRecord('payments#1', document)

test('a record is read as it was written', () => {
  expect(read(encodeRecord(claim))).toEqual(claim)
  for (const result of Object.values(results)) {
    expect(read(completedWith(result))).toEqual(completed(claim, aCompletion({ result, commitToken })))
  }
})

test('what is the default takes no attribute', () => {
  const document = encodeRecord(aClaim())
  expect(Object.keys(document).sort()).toEqual([
    'attempt',
    'createdAtMs',
    'expiresAt',
    'fingerprint',
    'id',
    'leaseUntilMs',
    'owner',
    'status',
    'v',
  ])
})

test('the expiry is rounded up to a whole second', () => {
  expect(encodeRecord(aClaim({ expiresAtMs: T0 + 1 }))).toMatchObject({ expiresAt: T0 / 1000 + 1 })
})

/** What may be absent. */
const OPTIONAL = [
  'onCrash',
  'commitToken',
  'takenOverAtMs',
  'result.status',
  'result.encoding',
  'step:unavailable.status',
]
const OPTIONAL_IN_STEPS = ['step:chunked.encoding']
/** Values of the right type that no release writes. */
const GARBAGE: Readonly<Record<string, readonly unknown[]>> = {
  id: ['payments#2', ''],
  v: [0, 2],
  status: ['done', ''],
  owner: [''],
  attempt: [0, -1, 1.5],
  fingerprint: ['', 'Jcs:abc', 'jcs:', 'jcs:a b', 'jcs:abc:def'],
  leaseUntilMs: [-1, 0.5, 2 ** 53, Number.NaN],
  createdAtMs: [-1, 0.5],
  takenOverAtMs: [-1, 0.5],
  completedAtMs: [-1, 0.5],
  expiresAt: [-1, 0.5, 2 ** 50],
  onCrash: ['retry', 'rerun'],
  commitToken: [''],
  result: ['', '{"paid":', {}],
  br: [],
  size: [-1, 0, 0.5, 6 * 1024 * 1024 + 1, 400_000_000],
  chunks: [0, 1.5, 101],
  encoding: ['gzip', 'identity'],
  ref: [''],
  checksum: [''],
  undefined: [false],
  status_: [-1, 0.5],
}
const WRONG_TYPES: readonly unknown[] = [null, true, '1', 1, Uint8Array.of(1), [], new Map()]

/** The document with one value, also of an inner map, put or removed. */
function withValue(document: Document, [name = '', ...inner]: readonly string[], value: unknown): Document {
  const { [name]: old, ...others } = document
  if (inner.length > 0) return { ...others, [name]: withValue(Object(old), inner, value) }
  return value === undefined ? others : { ...others, [name]: value }
}

const isMap = (value: unknown): value is Document =>
  typeof value === 'object' && value !== null && !(value instanceof Uint8Array)

function pathsIn(document: Document): string[][] {
  return Object.entries(document).flatMap(([name, value]) => [
    [name],
    ...(isMap(value) ? pathsIn(value).map((inner) => [name, ...inner]) : []),
  ])
}

const typeOf = (value: unknown): string =>
  isMap(value) ? 'map' : value instanceof Uint8Array ? 'bytes' : typeof value

/** Returns the document with each value removed, of every other type and garbage, and with one too many in each map. */
function damagesOf(whole: Document): { path: string; document: Document }[] {
  const paths = pathsIn(whole)
  const valueAt = (path: readonly string[]) => path.reduce<unknown>((map, name) => Object(map)[name], whole)
  const worse = paths.flatMap((path) => {
    const dotted = path.join('.')
    const isStep = path.length === 1 && dotted.startsWith('step:')
    // A string is JSON if it is the whole of a result, and a run may have saved no steps.
    const isResult = isStep || dotted === 'result'
    const wrong = WRONG_TYPES.filter(
      (other) => typeOf(other) !== typeOf(valueAt(path)) && !(isResult && typeof other === 'string'),
    )
    const mayBeAbsent = isStep || [...OPTIONAL, ...OPTIONAL_IN_STEPS].includes(dotted)
    const name = path.length > 1 && path.at(-1) === 'status' ? 'status_' : path.at(-1)
    const garbage = GARBAGE[isStep ? 'result' : (name ?? '')] ?? []
    return [...(mayBeAbsent ? [] : [undefined]), ...wrong, ...garbage].map((value) => ({ path, value }))
  })
  const added = [[], ...paths.filter((path) => isMap(valueAt(path)))].map((path) => ({
    path: [...path, 'something'],
    value: 'foreign',
  }))
  return [...worse, ...added].map(({ path, value }) => ({
    path: path.join('.'),
    document: withValue(whole, path, value),
  }))
}

test.each(Object.keys(documents))('a damaged record, %s, cannot be read whatever is damaged', (name) => {
  const damages = damagesOf(documents[name] ?? {})
  expect(damages.length).toBeGreaterThan(80)
  const readable = damages.filter(({ document }) => {
    try {
      read(document)
      return true
    } catch (error) {
      expect(error).toMatchObject({ name: 'RecordUnreadableError', id: 'payments#1' })
      return false
    }
  })
  expect(readable.map(({ path }) => path)).toEqual([])
})

describe('a record', () => {
  const { json, chunked, compressed } = results
  const withResult = (members: Document) => ({ ...completedWith(json), result: members })

  test.each<[string, Document, string]>([
    ['of a newer format', { v: 2, future: true }, 'its format version 2 is newer than 1; update oncekey'],
    [
      'with a number for an owner',
      { ...encodeRecord(claim), owner: 1 },
      'attribute "owner" to be a string like /./s',
    ],
    [
      'without an attempt',
      withValue(encodeRecord(claim), ['attempt'], undefined),
      '"attempt" to be an integer from 1 to',
    ],
    [
      'with an unknown attribute',
      { ...encodeRecord(claim), data: 1 },
      'expected attribute "data" to be absent',
    ],
    [
      'with a step that is a number',
      { ...encodeRecord(claim), 'step:charge': 1 },
      '"step:charge" to be a map',
    ],
    [
      'in flight with a result',
      { ...encodeRecord(claim), result: '1' },
      'expected attribute "result" to be absent',
    ],
    [
      'in flight with a completion time',
      { ...encodeRecord(claim), completedAtMs: 1 },
      '"completedAtMs" to be absent',
    ],
    ['in flight with a token', { ...encodeRecord(claim), commitToken: 'a' }, '"commitToken" to be absent'],
    [
      'completed with a lease',
      { ...completedWith(json), leaseUntilMs: 1 },
      '"leaseUntilMs" to be an integer from 0 to 0',
    ],
    [
      'with a result that is not JSON',
      { ...completedWith(json), result: '{' },
      'attribute "result" to be JSON',
    ],
    [
      'with a result of no kind',
      withResult({ kind: 'json' }),
      'attribute "result" to be JSON or a map of a result',
    ],
    [
      'of an unknown status',
      { ...encodeRecord(claim), status: 'done' },
      'attribute "status" to be in-flight or completed',
    ],
    ['with an unknown encoding', withResult({ ...chunked, encoding: 'gzip' }), '"result.encoding" to be br'],
    [
      'with text for bytes',
      withResult({ br: 'text', size: 1 }),
      'expected attribute "result.br" to be bytes',
    ],
    [
      'with an unknown member',
      withResult({ br: compressed.bytes, size: 13, more: 1 }),
      '"result.more" to be absent',
    ],
    [
      'with a result of 400 MB',
      withResult({ br: compressed.bytes, size: 400_000_000 }),
      '"result.size" to be an integer from 1 to 6291456',
    ],
    [
      'with a million chunks',
      withResult({ chunks: 1_000_000, ref: 'r', size: 1, checksum: 'c' }),
      '"result.chunks" to be an integer from 1 to 100',
    ],
  ])('%s is refused with what was expected', (_, document, reason) => {
    expect(() => read(document)).toThrow(reason)
  })

  test('that cannot be read is named by its id and by what is wrong, never by its contents', () => {
    expect(() => read({ ...completedWith(json), onCrash: 'a-secret' })).toThrow(
      'Record "payments#1" cannot be read: expected attribute "onCrash" to be refuse. It was left unchanged. Inspect it before you delete it.',
    )
  })

  test('that an operator lets expire early is readable', () => {
    expect(read({ ...completedWith(json), expiresAt: 0 })).toMatchObject({ expiresAtMs: 0 })
  })

  test('completed with steps left over is readable, and they are not looked at', () => {
    const record = read({ ...completedWith(json), 'step:charge': 'not JSON' })
    expect(record).toEqual(completed(claim, aCompletion({ result: json, commitToken })))
  })
})
