// One HTTP request with limits on everything: connect and overall time, body size, addresses. Follows no redirect.
import http from 'node:http'
import https from 'node:https'
import { SourceError, explainError } from '../model/errors.ts'
import { type Bytes, type Millis, MIB, SECOND, millis } from '../model/units.ts'
import { type Egress, guardedLookup, refuseLiteral } from './egress.ts'

const CONNECT_TIMEOUT = millis(5 * SECOND)
const OVERALL_TIMEOUT = millis(20 * SECOND)
const MAX_ANSWER = MIB

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string | URL
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly connectTimeout?: Millis
  /** From the call to the last byte of the answer. */
  readonly timeout?: Millis
  /** Answers above this end with SourceError 'too-large'. */
  readonly maxBytes?: Bytes
  readonly tls?: {
    readonly ca?: string
    readonly cert?: string
    readonly key?: string
    readonly servername?: string
    readonly insecure?: boolean
  }
  readonly signal: AbortSignal
}

export interface HttpAnswer {
  readonly status: number
  /** Names in lower case; repeated headers joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly text: string
}

/** Any status is an answer; SourceError 'timeout', 'unreachable', 'denied' or 'too-large' is none. */
export type HttpClient = (request: HttpRequest) => Promise<HttpAnswer>

/** Scheme, host and port: paths and queries of webhooks are secrets more often than not. */
export function redactedUrl(url: string | URL): string {
  const parsed = typeof url === 'string' ? URL.parse(url) : url
  if (parsed === null) return '<not a URL>'
  return `${parsed.protocol}//${parsed.host}/${parsed.pathname.length > 1 || parsed.search ? '…' : ''}`
}

export function createHttpClient(egress: Egress): HttpClient {
  const options = { keepAlive: true, maxSockets: 16, lookup: guardedLookup(egress) }
  const agents = { 'http:': new http.Agent(options), 'https:': new https.Agent(options) }
  return (request) => {
    const url = URL.parse(String(request.url))
    const subject = redactedUrl(request.url)
    if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
      return Promise.reject(
        new SourceError('unsupported', `expected an http or https URL, found ${subject}`, { subject }),
      )
    }
    try {
      // A name such as `localhost.` is resolved and checked by the look-up; addresses skip the look-up.
      refuseLiteral(url.hostname, egress)
    } catch (error) {
      return Promise.reject(error as Error)
    }
    return send(request, url, subject, agents[url.protocol])
  }
}

function send(request: HttpRequest, url: URL, subject: string, agent: http.Agent): Promise<HttpAnswer> {
  const { tls } = request
  const deadline = AbortSignal.timeout(request.timeout ?? OVERALL_TIMEOUT)
  const signal = AbortSignal.any([request.signal, deadline])
  const maxBytes = request.maxBytes ?? MAX_ANSWER
  const fail = (reason: 'timeout' | 'unreachable' | 'too-large', message: string, cause?: unknown) =>
    new SourceError(reason, `${request.method} ${subject}: ${message}`, { subject, cause })

  return new Promise((resolve, reject) => {
    const give = (error: unknown) => {
      if (error instanceof SourceError) reject(error)
      else if (request.signal.aborted) reject(request.signal.reason as Error)
      else if (deadline.aborted)
        reject(fail('timeout', `no complete answer within ${request.timeout ?? OVERALL_TIMEOUT} ms`))
      else reject(fail('unreachable', reasonFor(error)))
    }
    const call = (url.protocol === 'https:' ? https : http).request(url, {
      method: request.method,
      agent,
      signal,
      // User information in a URL is dropped by URL.parse below: it would be sent to whatever the name resolves to.
      auth: undefined,
      headers: {
        'user-agent': 'tidemark',
        ...request.headers,
        ...(request.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(request.body)) }),
      },
      ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls?.cert === undefined ? {} : { cert: tls.cert }),
      ...(tls?.key === undefined ? {} : { key: tls.key }),
      ...(tls?.servername === undefined ? {} : { servername: tls.servername }),
      ...(tls?.insecure === true ? { rejectUnauthorized: false } : {}),
    } as https.RequestOptions)
    call.on('socket', (socket) => {
      if (!socket.connecting) return
      const connect = AbortSignal.timeout(request.connectTimeout ?? CONNECT_TIMEOUT)
      const late = () =>
        void call.destroy(
          fail('timeout', `no connection within ${request.connectTimeout ?? CONNECT_TIMEOUT} ms`),
        )
      connect.addEventListener('abort', late, { once: true })
      const done = () => connect.removeEventListener('abort', late)
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', done)
      socket.once('close', done)
    })
    call.on('error', give)
    call.on('response', (response) => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size <= maxBytes) chunks.push(chunk)
        else {
          give(fail('too-large', `the answer is longer than ${maxBytes} bytes`))
          response.destroy()
        }
      })
      response.on('aborted', () => give(new Error('the connection closed in the middle of the answer')))
      response.on('error', give)
      response.on('end', () => {
        const body = Buffer.concat(chunks)
        resolve({
          status: response.statusCode ?? 0,
          headers: flat(response.headers),
          body,
          text: body.toString('utf8'),
        })
      })
    })
    call.end(request.body)
  })
}

/** Node's network errors name addresses and codes, nothing secret; aggregate errors carry theirs inside. */
function reasonFor(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonFor(error.errors[0])
  return explainError(error)
}

const flat = (headers: http.IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  )
