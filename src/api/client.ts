// Asks a running daemon: what the command line and the terminal UI know comes through here.
import { SourceError } from '../model/errors.ts'

export {
  type Alert,
  Alerts,
  type Explanation,
  Explanations,
  type Silence,
  Silences,
} from './alert-answers.ts'

export interface Client {
  /** The `data` of a successful answer in Prometheus's envelope, or the whole JSON of another. */
  get(path: string, params?: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<unknown>
  send(method: 'POST' | 'DELETE', path: string, body?: unknown, signal?: AbortSignal): Promise<unknown>
}

const MAX_ANSWER_BYTES = 256 * 1_048_576

/** `url` is where a daemon listens. Throws SourceError 'unreachable' when nobody answers there. */
export function createClient(url: string, token?: string): Client {
  const base = url.replace(/\/$/, '')
  const ask = async (path: string, init: RequestInit): Promise<unknown> => {
    let response: Response
    try {
      response = await fetch(`${base}${path}`, {
        ...init,
        redirect: 'error',
        headers: {
          ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
      })
    } catch (cause) {
      throw new SourceError(
        'unreachable',
        `no daemon answers at ${base}; start one with \`tidemark run -c tidemark.yaml\`, or name another with --url`,
        { subject: base, cause },
      )
    }
    return answer(response, `${base}${path}`)
  }
  return {
    get: (path, params = {}, signal) => {
      const query = new URLSearchParams(params).toString()
      return ask(query === '' ? path : `${path}?${query}`, signal === undefined ? {} : { signal })
    },
    send: (method, path, body, signal) =>
      ask(path, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      }),
  }
}

async function answer(response: Response, subject: string): Promise<unknown> {
  const text = await response.text()
  if (text.length > MAX_ANSWER_BYTES) {
    throw new SourceError('too-large', `the answer of ${subject} has ${text.length} characters`, { subject })
  }
  let json: unknown
  try {
    json = text === '' ? null : JSON.parse(text)
  } catch (cause) {
    throw new SourceError(
      'corrupt',
      `${subject} answered ${response.status} without JSON: is it a Tidemark?`,
      {
        subject,
        cause,
      },
    )
  }
  if (response.ok) {
    return isRecord(json) && json['status'] === 'success' && 'data' in json ? json['data'] : json
  }
  const said = isRecord(json) && typeof json['error'] === 'string' ? json['error'] : text.slice(0, 500)
  throw new SourceError(response.status === 404 ? 'missing' : 'internal', said || `${response.status}`, {
    subject,
  })
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
