import type { Content } from '../../protocol/fingerprint.ts'

/** The event shapes of HTTP that AWS documents, by the shape that their answers must have. */
export type HttpShape = 'rest' | 'http' | 'alb' | 'alb-multi'

/** An HTTP event in one form, whatever sent it. */
export interface HttpRequest {
  readonly shape: HttpShape
  /** Upper case. */
  readonly method: string
  /** With its values, not the route's template; without the query. */
  readonly path: string
  /** Names and values, decoded, in the order of the event. */
  readonly query: readonly (readonly [name: string, value: string])[]
  /** By lower-case name; every value of a repeated header, as far as the event shows them apart. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  /** Decoded from base64 where the event says so; as text where it is UTF-8. */
  readonly body: Content
}
