import { randomUUID } from 'node:crypto'
import { type HttpApiEvent, httpApiEvent } from 'oncekey/testing'

const BODY = JSON.stringify({
  amount: 12_500,
  currency: 'EUR',
  customer: { id: 'cus_9s6XKzkNRiz8i3', name: 'Ada Lovelace', email: 'ada@example.com' },
  description: 'Order 2026-11-0042, 3 articles, delivery by courier to the address on file',
  lines: [
    { article: 'A-1001', title: 'Desk lamp, brass', quantity: 1, unitPrice: 7_900 },
    { article: 'A-2034', title: 'Light bulb E27, warm', quantity: 2, unitPrice: 1_300 },
    { article: 'A-9000', title: 'Courier', quantity: 1, unitPrice: 2_000 },
  ],
  metadata: { campaign: 'autumn', basket: '7f9c24e8-3b12-4fef-91d0-5c6d1c8c2a10' },
})

const HEADERS = {
  accept: 'application/json, text/plain, */*',
  'accept-encoding': 'gzip, deflate, br, zstd',
  'accept-language': 'en-GB,en;q=0.9,de;q=0.8',
  authorization: `Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiJ1c2VyLTEifQ.${'c2lnbmF0dXJl'.repeat(28)}`,
  'content-length': String(Buffer.byteLength(BODY)),
  'content-type': 'application/json',
  origin: 'https://shop.example.com',
  referer: 'https://shop.example.com/checkout/payment',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0',
  'x-amzn-trace-id': 'Root=1-69216c00-5e2f8d1c6f0a4d6e9b0f2d4a',
  'x-forwarded-for': '203.0.113.10',
  'x-forwarded-port': '443',
  'x-forwarded-proto': 'https',
}

/** An HTTP API's event of about 2.4 KB, as fresh as the runtime would parse it. */
export function request(key: string = randomUUID()): HttpApiEvent {
  const event = httpApiEvent({ key, headers: HEADERS, body: BODY, path: '/payments', query: 'expand=lines' })
  return JSON.parse(JSON.stringify(event))
}

/** The other fields of a payment object of a large API: fields that are the same, or empty, in most objects. */
const USUAL_FIELDS = {
  object: 'payment_intent',
  amount_capturable: 0,
  amount_details: { tip: {} },
  amount_received: 0,
  application: null,
  application_fee_amount: null,
  automatic_payment_methods: { enabled: true, allow_redirects: 'always' },
  canceled_at: null,
  cancellation_reason: null,
  capture_method: 'automatic',
  confirmation_method: 'automatic',
  invoice: null,
  last_payment_error: null,
  livemode: false,
  next_action: null,
  on_behalf_of: null,
  payment_method_options: {
    card: { installments: null, network: null, request_three_d_secure: 'automatic' },
  },
  payment_method_types: ['card', 'link'],
  processing: null,
  receipt_email: null,
  review: null,
  setup_future_usage: null,
  shipping: null,
  statement_descriptor: null,
  statement_descriptor_suffix: null,
  transfer_data: null,
  transfer_group: null,
}

/**
 * An answer that lists payments, its body about `bytes` long: ids and amounts differ, as they do in real lists.
 * @param kind `terse` objects are little but ids; `wordy` ones have the fields of Stripe's PaymentIntent besides.
 */
export function listAnswer(
  bytes: number,
  kind: 'terse' | 'wordy' = 'terse',
): {
  statusCode: number
  headers: Record<string, string>
  body: string
} {
  const random = mulberry32(42)
  const digits = (count: number, radix: number): string =>
    Array.from({ length: count }, () => Math.floor(random() * radix).toString(radix)).join('')
  const pick = (values: readonly string[]): string => values[Math.floor(random() * values.length)] ?? ''
  const payments: object[] = []
  let length = 0
  while (length < bytes) {
    const payment = {
      id: `pay_${digits(16, 36)}`,
      status: pick(['succeeded', 'succeeded', 'succeeded', 'pending', 'refunded']),
      amount: Math.floor(random() * 50_000),
      currency: pick(['EUR', 'EUR', 'USD', 'GBP']),
      customer: { id: `cus_${digits(14, 36)}`, email: `customer${Math.floor(random() * 9_999)}@example.com` },
      description: `Order ${Math.floor(random() * 99_999)}, delivery by ${pick(['courier', 'post', 'collection'])}`,
      createdAt: new Date(1_795_000_000_000 + Math.floor(random() * 1e9)).toISOString(),
      ...(kind === 'wordy' && USUAL_FIELDS),
      metadata: { channel: pick(['web', 'app', 'shop']), campaign: pick(['autumn', 'none', 'loyalty']) },
    }
    payments.push(payment)
    length += JSON.stringify(payment).length + 1
  }
  const body = JSON.stringify({ object: 'list', data: payments })
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body }
}

/** The same numbers in every run: what is compared must not differ by chance. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
