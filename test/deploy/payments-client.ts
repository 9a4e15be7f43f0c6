interface Answer {
  readonly status: number
  readonly isReplay: boolean
  /** The body as received. */
  readonly text: string
  readonly body: Readonly<Record<string, unknown>>
}

/** A client of the deployed API. */
export interface PaymentsClient {
  readonly url: string
  pay(key: string | undefined, order: object): Promise<Answer>
  get(path: string): Promise<Answer>
}

/** @param log called with a line for each request and its response. */
export function createPaymentsClient(url: string, log: (line: string) => void): PaymentsClient {
  async function call(method: string, path: string, headers: Record<string, string>, order?: object) {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { 'Content-Type': 'application/json', ...headers },
      ...(order && { body: JSON.stringify(order) }),
    })
    const text = await response.text()
    const answer: Answer = {
      status: response.status,
      isReplay: response.headers.get('idempotent-replayed') === 'true',
      text,
      body: JSON.parse(text),
    }
    const key = headers['Idempotency-Key'] === undefined ? '' : ` key=${headers['Idempotency-Key']}`
    const sent = `${method} ${path}${key}${order ? ` ${JSON.stringify(order)}` : ''}`
    const replayed = answer.isReplay ? ' Idempotent-Replayed: true' : ''
    const code = typeof answer.body.code === 'string' ? ` ${answer.body.code}` : ''
    log(`${sent} -> ${answer.status}${replayed}${code}`)
    return answer
  }
  return {
    url,
    pay: (key, order) =>
      call('POST', '/payments', key === undefined ? {} : { 'Idempotency-Key': key }, order),
    get: (path) => call('GET', path, {}),
  }
}
