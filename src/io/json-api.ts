// A JSON API over HTTP: credentials that are renewed, bounded answers, retries with jitter, typed errors.
import { type Reason, SourceError, reasonOf } from '../model/errors.ts'
import { printable } from '../model/text.ts'
import {
  type Bytes,
  MIB,
  type Millis,
  SECOND,
  type Timestamp,
  bytes,
  millis,
  timestamp,
} from '../model/units.ts'
import type { Clock } from './clock.ts'
import type { HttpAnswer, HttpClient } from './http.ts'

const MAX_ANSWER = bytes(32 * MIB)
const TIMEOUT = millis(30 * SECOND)
/** Of one request, the first included; a poll that fails is repeated at its next interval anyway. */
const ATTEMPTS = 3
const FIRST_WAIT = SECOND
/** A server that asks for more patience than this is asked again at the next poll. */
const LONGEST_WAIT = millis(30 * SECOND)

export type Headers = Readonly<Record<string, string>>

export interface JsonApiOptions {
  readonly http: HttpClient
  readonly clock: Clock
  readonly random: () => number
  /** Without a trailing slash. */
  readonly url: string
  /** The credentials; asked again with `renew` when they were refused. */
  readonly authorize: (renew: boolean, signal: AbortSignal) => Promise<Headers>
  readonly maxBytes?: Bytes
  readonly timeout?: Millis
}

export interface JsonAnswer {
  readonly value: unknown
  /** The server's clock, where it says. */
  readonly date: Timestamp | null
}

export interface JsonApi {
  readonly url: string
  get(path: string, query: Query, signal: AbortSignal): Promise<JsonAnswer>
  post(path: string, body: unknown, signal: AbortSignal): Promise<JsonAnswer>
}

type Query = Readonly<Record<string, string | number | undefined>>

interface Request {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly query: Query
  readonly body: unknown
  readonly signal: AbortSignal
}

export function createJsonApi(options: JsonApiOptions): JsonApi {
  const call = (request: Request) => withRetries(request, options)
  return {
    url: options.url,
    get: (path, query, signal) => call({ method: 'GET', path, query, body: undefined, signal }),
    post: (path, body, signal) => call({ method: 'POST', path, query: {}, body, signal }),
  }
}

const RETRIED: ReadonlySet<Reason> = new Set<Reason>(['throttled', 'timeout', 'unreachable'])

async function withRetries(request: Request, options: JsonApiOptions): Promise<JsonAnswer> {
  const { clock, random } = options
  let renew = false
  for (let attempt = 1; ; attempt += 1) {
    request.signal.throwIfAborted()
    const { answer, error } = await once(request, options, renew)
    if (error === undefined) return answer
    if (error.refused && !renew) {
      renew = true
      continue
    }
    const wait = error.wait ?? FIRST_WAIT * 2 ** (attempt - 1)
    if (!RETRIED.has(error.cause.reason) || attempt >= ATTEMPTS || wait > LONGEST_WAIT) throw error.cause
    await clock.sleep(millis(wait * (0.5 + random())), request.signal)
  }
}

interface Failure {
  readonly cause: SourceError
  /** The credentials were not accepted. */
  readonly refused: boolean
  /** What the server asked for. */
  readonly wait: Millis | undefined
}

type Outcome =
  | { readonly answer: JsonAnswer; readonly error?: undefined }
  | { readonly answer?: undefined; readonly error: Failure }

async function once(request: Request, options: JsonApiOptions, renew: boolean): Promise<Outcome> {
  const { method, path, body, signal } = request
  const target = new URL(`${options.url}${path}`)
  for (const [key, value] of Object.entries(request.query)) {
    if (value !== undefined) target.searchParams.set(key, String(value))
  }
  try {
    const answer = await options.http({
      method,
      url: target,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(await options.authorize(renew, signal)),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      maxBytes: options.maxBytes ?? MAX_ANSWER,
      timeout: options.timeout ?? TIMEOUT,
      signal,
    })
    return read(answer, `${method} ${target.origin}${target.pathname}`)
  } catch (error) {
    if (signal.aborted || !(error instanceof SourceError)) throw error
    return { error: { cause: error, refused: false, wait: undefined } }
  }
}

function read(answer: HttpAnswer, subject: string): Outcome {
  const { status, headers, text } = answer
  if (status < 200 || status >= 300) return { error: failureOf(answer, subject) }
  const date = Date.parse(headers['date'] ?? '')
  try {
    const value: unknown = text === '' ? null : JSON.parse(text)
    return { answer: { value, date: Number.isFinite(date) ? timestamp(date) : null } }
  } catch (cause) {
    const type = headers['content-type'] ?? 'no content type'
    const message =
      `${subject}: expected JSON, found ${printable(type, 60)} (${printable(text, 60)}); ` +
      'is there a login page or a proxy in between, or is it the URL of a web page?'
    return failure(new SourceError('corrupt', message, { subject, cause }))
  }
}

const failure = (cause: SourceError): Outcome => ({ error: { cause, refused: false, wait: undefined } })

const REASONS: Readonly<Record<number, Reason>> = {
  401: 'denied',
  403: 'denied',
  404: 'missing',
  408: 'timeout',
  413: 'too-large',
  429: 'throttled',
  504: 'timeout',
}
const HINTS: Readonly<Record<number, string>> = {
  401: '; check the credentials',
  403: '; the user may not read this: give it a role that may',
  404: '; check the URL',
}

function failureOf({ status, headers, text }: HttpAnswer, subject: string): Failure {
  const reason = REASONS[status] ?? (status >= 500 ? 'unreachable' : 'unsupported')
  const redirect =
    status >= 300 && status < 400 ? `; it redirects to ${printable(headers['location'] ?? '?', 200)}` : ''
  const message = `${subject} answered ${status}${redirect}${HINTS[status] ?? ''}: ${printable(text, 200)}`
  const seconds = Number(headers['retry-after'])
  return {
    cause: new SourceError(reason, message, { subject }),
    refused: status === 401,
    wait: Number.isFinite(seconds) && seconds > 0 ? millis(seconds * 1_000) : undefined,
  }
}

/** Whether an API does not have (or does not show us) something that others have. */
export const isAbsent = (error: unknown): boolean => ['missing', 'denied'].includes(reasonOf(error))
