import type { ErrorCode } from '../../protocol/errors.ts'

/** A response as `shouldStore` and `redact` see it, whatever the event's source. */
export interface HttpResponse {
  /** Always a number: 200 where the handler left it out, 502 where API Gateway cannot read it. */
  readonly statusCode: number
  readonly headers?: { readonly [name: string]: string | number | boolean }
  readonly multiValueHeaders?: { readonly [name: string]: readonly (string | number | boolean)[] }
  readonly cookies?: readonly string[]
  /** As the handler gave it. A result that is no response (a bare object or string) is itself the body. */
  readonly body?: unknown
  readonly isBase64Encoded?: boolean
}

/** How problems (RFC 9457) are worded. */
export interface ProblemOptions {
  /**
   * Where your API's problems are documented: `type` and `Link` are this, and the error's code.
   * @default `urn:oncekey:problem:`, with a `Link` to the Idempotency-Key draft
   */
  readonly typeBase?: string
  readonly titles?: { readonly [code in ErrorCode]?: string }
  /** For example `{ 'key-reused': 400 }`, as Stripe answers. */
  readonly statuses?: { readonly [code in ErrorCode]?: number }
}

/** What is stored of an answer, and what the library's own answers look like. */
export interface HttpAnsweringOptions {
  /**
   * Which responses are stored. What is not stored is released: the retry runs.
   * - `default`: 2xx, 3xx and 4xx, but 401, 403, 408, 409, 423, 425, 429
   * - `stripe`: all; what the handler throws as a bare 500
   * - `success-only`: 2xx (RFC 9110 §15.3), and so no redirect
   *
   * The header `Oncekey-Store: no-store` or `Oncekey-Store: max-age=SECONDS` on a response decides before all else.
   * @default 'default'
   */
  readonly profile?: 'default' | 'stripe' | 'success-only'
  /** Decides in the profile's place. If it throws or gives no boolean, the profile decides. */
  readonly shouldStore?: (response: HttpResponse) => boolean
  /**
   * Changes what is stored, not what is answered; it gets a copy. If it throws, or returns no response, repeats are
   * told that the result was not kept (410), and nothing unredacted is stored.
   */
  readonly redact?: (response: HttpResponse) => HttpResponse
  /** Stores and replays `Set-Cookie` and `cookies` too. @default false */
  readonly storeCookies?: boolean
  readonly problems?: ProblemOptions
  /** Sends `X-Idempotency-Key` and `X-Idempotency-Cache-Status: HIT` or `MISS` as well. @default false */
  readonly legacyHeaders?: boolean
}
