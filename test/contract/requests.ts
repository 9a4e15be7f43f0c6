import type { IdempotencyOptions } from 'oncekey'
import type { RequestFacts } from 'oncekey/testing'
import { KEY } from './scenario.ts'

type Expected = 'runs' | 'replays' | { readonly status: number; readonly code: string }

/** Requests one after another to one API, and what each of them gets. `row`: what docs/http.md says of them. */
export interface Conversation {
  readonly row: string
  readonly options?: IdempotencyOptions
  readonly turns: readonly (readonly [facts: RequestFacts, expected: Expected])[]
}

const malformed = { status: 400, code: 'key-invalid' } as const
const missing = { status: 400, code: 'key-missing' } as const
const reused = { status: 422, code: 'key-reused' } as const
const jwt = (subject: string) => ({ by: 'jwt', subject }) as const

/** What holds for every event source. */
export const conversations: readonly Conversation[] = [
  {
    row: 'the same again',
    turns: [
      [{}, 'runs'],
      [{}, 'replays'],
      [{}, 'replays'],
    ],
  },
  {
    row: 'quoted and bare are one identity',
    turns: [
      [{ key: `"${KEY}"` }, 'runs'],
      [{ key: KEY }, 'replays'],
    ],
  },
  {
    row: 'parameters are ignored',
    turns: [
      [{ key: '"abcdefgh";v=1' }, 'runs'],
      [{ key: 'abcdefgh' }, 'replays'],
    ],
  },
  { row: 'an empty string is malformed', turns: [[{ key: '""' }, malformed]] },
  { row: 'an empty value is malformed', turns: [[{ key: '' }, malformed]] },
  { row: 'a comma in a bare value is malformed', turns: [[{ key: 'k1,k2' }, malformed]] },
  {
    row: 'what is not visible ASCII is malformed',
    turns: [
      [{ key: 'é' }, malformed],
      [{ key: '"é"' }, malformed],
      [{ key: '🔑' }, malformed],
    ],
  },
  {
    row: '255 characters are accepted',
    turns: [
      [{ key: 'k'.repeat(255) }, 'runs'],
      [{ key: 'k'.repeat(255) }, 'replays'],
    ],
  },
  { row: '256 characters are not', turns: [[{ key: 'k'.repeat(256) }, malformed]] },
  {
    row: 'Reading the key: spaces only when quoted',
    turns: [
      [{ key: 'a b' }, malformed],
      [{ key: '"a b"' }, 'runs'],
    ],
  },
  {
    row: 'Reading the key: an unbalanced quote is malformed',
    turns: [
      [{ key: '"abc' }, malformed],
      [{ key: 'abc"' }, malformed],
    ],
  },
  { row: 'Reading the key: an unknown escape is malformed', turns: [[{ key: '"a\\bc"' }, malformed]] },
  {
    row: 'Reading the key: keys are case-sensitive',
    turns: [
      [{ key: 'abc' }, 'runs'],
      [{ key: 'ABC' }, 'runs'],
    ],
  },
  { row: 'a missing key is refused', turns: [[{ key: undefined }, missing]] },
  {
    row: 'other methods pass',
    turns: [
      [{ method: 'GET' }, 'runs'],
      [{ method: 'GET' }, 'runs'],
      [{ method: 'OPTIONS' }, 'runs'],
      [{ method: 'DELETE' }, 'runs'],
      [{ method: 'DELETE' }, 'runs'],
    ],
  },
  {
    row: 'PATCH is protected',
    turns: [
      [{ method: 'PATCH' }, 'runs'],
      [{ method: 'PATCH' }, 'replays'],
    ],
  },
  {
    row: 'another path',
    turns: [
      [{}, 'runs'],
      [{ path: '/refunds' }, reused],
    ],
  },
  {
    row: 'other path values',
    turns: [
      [{ path: '/orders/1/capture' }, 'runs'],
      [{ path: '/orders/2/capture' }, reused],
    ],
  },
  {
    row: 'Identity: another method',
    turns: [
      [{}, 'runs'],
      [{ method: 'PATCH' }, reused],
    ],
  },
  {
    row: 'members in another order',
    turns: [
      [{ body: '{"a":1,"b":{"c":2,"d":3}}' }, 'runs'],
      [{ body: '{"b":{"d":3,"c":2},"a":1}' }, 'replays'],
    ],
  },
  {
    row: 'white space',
    turns: [
      [{ body: '{"a":1}' }, 'runs'],
      [{ body: '{\n  "a": 1\n}' }, 'replays'],
    ],
  },
  {
    row: 'another amount',
    turns: [
      [{ body: '{"amount":100}' }, 'runs'],
      [{ body: '{"amount":101}' }, reused],
    ],
  },
  {
    row: 'unsafe integers',
    turns: [
      [{ body: '{"n":12345678901234567890}' }, 'runs'],
      [{ body: '{"n":12345678901234567891}' }, reused],
    ],
  },
  {
    row: 'plain and base64',
    turns: [
      [{ body: '{"a":1}' }, 'runs'],
      [{ body: '{"a":1}', base64: true }, 'replays'],
    ],
  },
  {
    row: 'mismatch, then the right one',
    turns: [
      [{ body: '{"a":1}' }, 'runs'],
      [{ body: '{"a":2}' }, reused],
      [{ body: '{"a":1}' }, 'replays'],
    ],
  },
  {
    row: 'Identity: parameters in another order',
    turns: [
      [{ query: 'a=1&b=2' }, 'runs'],
      [{ query: 'b=2&a=1' }, 'replays'],
      [{ query: 'a=1&b=3' }, reused],
    ],
  },
  {
    row: 'Identity: headers do not count',
    turns: [
      [{ headers: { 'X-Trace': '1' } }, 'runs'],
      [{ headers: { 'X-Trace': '2' } }, 'replays'],
    ],
  },
  {
    row: 'Identity: text that is not JSON is compared as bytes',
    turns: [
      [{ body: 'a=1&b=2' }, 'runs'],
      [{ body: 'a=1&b=2' }, 'replays'],
      [{ body: 'b=2&a=1' }, reused],
    ],
  },
  {
    row: 'Identity: no body',
    turns: [
      [{ body: null }, 'runs'],
      [{ body: null }, 'replays'],
      [{ body: '{}' }, reused],
    ],
  },
  {
    row: 'Bad input: __proto__ members count',
    turns: [
      [{ body: '{"__proto__":{"a":1}}' }, 'runs'],
      [{ body: '{"__proto__":{"a":2}}' }, reused],
    ],
  },
  {
    row: 'not required: runs without protection',
    options: { required: false },
    turns: [
      [{ key: undefined }, 'runs'],
      [{ key: undefined }, 'runs'],
    ],
  },
  {
    row: 'strict: bare keys are refused',
    options: { syntax: 'strict' },
    turns: [
      [{ key: 'abc' }, malformed],
      [{ key: '"abc"' }, 'runs'],
    ],
  },
  {
    row: 'minLength',
    options: { minLength: 8 },
    turns: [
      [{ key: 'short' }, malformed],
      [{ key: 'long enough'.replace(' ', '-') }, 'runs'],
    ],
  },
  {
    row: 'pattern',
    options: { pattern: /^ord_\d+$/ },
    turns: [
      [{ key: 'abc' }, malformed],
      [{ key: 'ord_1' }, 'runs'],
    ],
  },
  {
    row: 'header: another name',
    options: { header: 'X-Request-Key' },
    turns: [
      [{ key: undefined, headers: { 'X-Request-Key': 'a' } }, 'runs'],
      [{ key: undefined, headers: { 'x-request-key': 'a' } }, 'replays'],
    ],
  },
  {
    row: 'header: aliases that disagree',
    options: { header: ['Idempotency-Key', 'X-Key'] },
    turns: [
      [{ key: 'a', headers: { 'X-Key': 'b' } }, malformed],
      [{ key: 'a', headers: { 'X-Key': 'a' } }, 'runs'],
    ],
  },
  {
    row: 'skip',
    options: { skip: () => true },
    turns: [
      [{}, 'runs'],
      [{}, 'runs'],
    ],
  },
  {
    row: 'methods',
    options: { methods: ['PUT'] },
    turns: [
      [{ method: 'PUT' }, 'runs'],
      [{ method: 'PUT' }, 'replays'],
      [{ method: 'POST' }, 'runs'],
    ],
  },
  {
    row: "scope: 'operation'",
    options: { scope: 'operation' },
    turns: [
      [{}, 'runs'],
      [{ path: '/refunds' }, 'runs'],
      [{}, 'replays'],
    ],
  },
  {
    row: 'fingerprint: false',
    options: { fingerprint: false },
    turns: [
      [{ body: '{"a":1}' }, 'runs'],
      [{ body: '{"a":2}' }, 'replays'],
    ],
  },
  {
    row: 'fingerprint: pointers',
    options: { fingerprint: ['/sentAt'] },
    turns: [
      [{ body: '{"a":1,"sentAt":1}' }, 'runs'],
      [{ body: '{"a":1,"sentAt":2}' }, 'replays'],
      [{ body: '{"a":2,"sentAt":1}' }, reused],
    ],
  },
  {
    row: 'key from a function',
    options: { key: () => 'evt_1' },
    turns: [
      [{ key: 'ignored-1' }, 'runs'],
      [{ key: 'ignored-2' }, 'replays'],
    ],
  },
  {
    row: 'Answers: statuses can be changed',
    options: { problems: { statuses: { 'key-reused': 400 } } },
    turns: [
      [{ body: '{"a":1}' }, 'runs'],
      [{ body: '{"a":2}' }, { status: 400, code: 'key-reused' }],
    ],
  },
  {
    row: 'an old UUIDv7',
    options: { maxKeyAgeMs: 86_400_000 },
    turns: [[{ key: '01890a5d-ac96-774b-bcce-b302099a8057' }, { status: 400, code: 'key-expired' }]],
  },
  {
    row: 'an old ULID',
    options: { maxKeyAgeMs: 86_400_000 },
    turns: [[{ key: '01ARZ3NDEKTSV4RRFFQ69G5FAV' }, { status: 400, code: 'key-expired' }]],
  },
]

/** Who calls: for the sources that tell it so. */
export const callers: readonly Conversation[] = [
  {
    row: 'another principal',
    turns: [
      [{ caller: jwt('user-1') }, 'runs'],
      [{ caller: jwt('user-2') }, 'runs'],
      [{ caller: jwt('user-1') }, 'replays'],
    ],
  },
  {
    row: 'a rotated token',
    turns: [
      [{ headers: { Authorization: 'Bearer one' } }, 'runs'],
      [{ headers: { Authorization: 'Bearer two' } }, 'replays'],
    ],
  },
  {
    row: 'Identity: nobody is a scope of its own',
    turns: [
      [{ caller: null }, 'runs'],
      [{ caller: null }, 'replays'],
      [{ caller: jwt('user-1') }, 'runs'],
    ],
  },
  {
    row: 'requirePrincipal',
    options: { requirePrincipal: true },
    turns: [
      [{ caller: null }, { status: 500, code: 'identity-unknown' }],
      [{ caller: jwt('user-1') }, 'runs'],
    ],
  },
  {
    row: 'principal from a function',
    options: { principal: () => 'tenant-1' },
    turns: [
      [{ caller: jwt('user-1') }, 'runs'],
      [{ caller: jwt('user-2') }, 'replays'],
    ],
  },
]
