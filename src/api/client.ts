// Asks a running daemon: what the command line and the terminal UI know comes through here.
import { ConfigError, SourceError } from '../model/errors.ts'
import { MIB, type Millis, SECOND, millis } from '../model/units.ts'

export {
  type Alert,
  Alerts,
  type Explanation,
  Explanations,
  type Silence,
  Silences,
} from './alert-answers.ts'

export interface Client {
  /** Where the daemon listens, without user and password. */
  readonly url: string
  /** The `data` of a successful answer in Prometheus's envelope, or the whole JSON of another. */
  get(path: string, params?: Params, signal?: AbortSignal): Promise<unknown>
  /** The same with its entity tag; undefined where the answer is still the one that had the tag `known`. */
  getChanged(
    path: string,
    params: Params,
    known: string | null,
    signal?: AbortSignal,
  ): Promise<Tagged | undefined>
  send(method: 'POST' | 'DELETE', path: string, body?: unknown, signal?: AbortSignal): Promise<unknown>
}

type Params = Readonly<Record<string, string>>

export interface Tagged {
  readonly answer: unknown
  /** Null where the daemon gives none. */
  readonly tag: string | null
}

const MAX_ANSWER_BYTES = 64 * MIB
/** Of an error that the daemon tells. */
const MAX_TOLD = 500
/** A daemon gives up a query after two minutes; who has not answered by then hangs. */
const TIMEOUT = millis(150 * SECOND)

/**
 * `url` is where a daemon listens; a user and password in it are sent as such. Throws ConfigError when it is no URL. What
 * is asked throws SourceError 'unreachable' or 'timeout' when nobody answers, 'denied' when the token is missing or wrong,
 * 'corrupt' when what answers is no Tidemark.
 */
export function createClient(url: string, token?: string, timeout: Millis = TIMEOUT): Client {
  const { base, user } = parseUrl(url)
  const authorization = token === undefined ? user : `Bearer ${token}`
  const ask = async (
    path: string,
    init: RequestInit,
    known: string | null = null,
  ): Promise<Tagged | undefined> => {
    const subject = `${base}${path}`
    const late = AbortSignal.timeout(timeout)
    try {
      const response = await fetch(subject, {
        ...init,
        signal: init.signal ? AbortSignal.any([init.signal, late]) : late,
        // Followed, it would carry the token elsewhere.
        redirect: 'manual',
        headers: {
          ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(authorization === undefined ? {} : { authorization }),
          ...(known === null ? {} : { 'if-none-match': known }),
        },
      })
      if (response.status === 304 && known !== null) return undefined
      const answer = understood(
        response,
        await textOf(response, subject),
        subject,
        authorization !== undefined,
      )
      return { answer, tag: response.headers.get('etag') }
    } catch (cause) {
      if (cause instanceof SourceError || cause instanceof ConfigError) throw cause
      if (late.aborted)
        throw new SourceError('timeout', `${base} has not answered ${path} for ${timeout / SECOND} s`, {
          subject,
          cause,
        })
      throw new SourceError(
        'unreachable',
        `no daemon answers at ${base}; start one with \`tidemark run -c tidemark.yaml\`, or name another with --url`,
        { subject: base, cause },
      )
    }
  }
  const getChanged: Client['getChanged'] = (path, params, known, signal) => {
    const query = new URLSearchParams(params).toString()
    return ask(query === '' ? path : `${path}?${query}`, signal === undefined ? {} : { signal }, known)
  }
  return {
    url: base,
    get: async (path, params = {}, signal) => (await getChanged(path, params, null, signal))?.answer,
    getChanged,
    send: async (method, path, body, signal) => {
      const told = await ask(path, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      })
      return told?.answer
    },
  }
}

function parseUrl(url: string): { readonly base: string; readonly user: string | undefined } {
  const parsed = URL.parse(url)
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    // It may hold a password: what was found is not repeated.
    throw new ConfigError('--url: expected the URL of a daemon such as http://127.0.0.1:9464')
  }
  const { username, password, origin, pathname } = parsed
  const named = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return {
    base: `${origin}${pathname}`.replace(/\/$/, ''),
    user: named === ':' ? undefined : `Basic ${Buffer.from(named).toString('base64')}`,
  }
}

async function textOf(response: Response, subject: string): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > MAX_ANSWER_BYTES)
      throw new SourceError(
        'too-large',
        `the answer of ${subject} is longer than ${MAX_ANSWER_BYTES} bytes`,
        { subject },
      )
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function understood(response: Response, text: string, subject: string, isNamed: boolean): unknown {
  const json = parsed(text)
  if (response.status === 401 || response.status === 403) {
    const what = isNamed ? 'refuses this token' : 'asks for a token'
    throw new SourceError(
      'denied',
      `the daemon ${what}: give its \`api.token\` as --token or TIDEMARK_TOKEN`,
      { subject },
    )
  }
  if (json === undefined)
    throw new SourceError(
      'corrupt',
      `${subject} answered ${response.status} without JSON: is it a Tidemark?`,
      { subject },
    )
  if (!response.ok) {
    // The parts that speak Alertmanager's words say what is wrong as a bare string.
    const said = isRecord(json) ? json['error'] : json
    const told = typeof said === 'string' ? said.slice(0, MAX_TOLD) : `${subject} answered ${response.status}`
    // What was asked is wrong, not what is watched: exit code 2.
    if (response.status === 400) throw new ConfigError(told)
    throw new SourceError(response.status === 404 ? 'missing' : 'internal', told, { subject })
  }
  return isRecord(json) && json['status'] === 'success' && 'data' in json ? json['data'] : json
}

/** Undefined where it is no JSON; an empty answer says nothing: null. */
function parsed(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text)
  } catch {
    return undefined
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
