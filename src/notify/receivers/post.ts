// How receivers call HTTP: settings become headers, answers become receipts or failures.
import type { HttpAnswer, HttpRequest } from '../../io/http.ts'
import type { Secret } from '../../model/secret.ts'
import { type Millis, HOUR, SECOND, millis } from '../../model/units.ts'
import type { HttpSettings } from './http-settings.ts'
import { type Attempt, type ReceiverIo, SendError } from './receiver.ts'

/** The secret that is written, or the content of the file that is named. */
export function secretOf(
  value: Secret | undefined,
  file: string | undefined,
  io: ReceiverIo,
): string | undefined {
  if (value !== undefined) return value.reveal()
  return file === undefined ? undefined : io.readSecret(file).trim()
}

function credentials(settings: HttpSettings, io: ReceiverIo): string | undefined {
  const basic = settings.basic_auth
  if (basic !== undefined) {
    const user =
      basic.username ?? (basic.username_file === undefined ? '' : io.readSecret(basic.username_file).trim())
    return `Basic ${Buffer.from(`${user}:${secretOf(basic.password, basic.password_file, io) ?? ''}`).toString('base64')}`
  }
  const { authorization } = settings
  if (authorization !== undefined) {
    return `${authorization.type} ${secretOf(authorization.credentials, authorization.credentials_file, io) ?? ''}`
  }
  const token = secretOf(settings.bearer_token, settings.bearer_token_file, io)
  return token === undefined ? undefined : `Bearer ${token}`
}

type Tls = NonNullable<HttpRequest['tls']>

function tlsOf(settings: HttpSettings, io: ReceiverIo): Tls | undefined {
  const tls = settings.tls_config
  if (tls === undefined) return undefined
  return {
    ...(tls.ca_file === undefined ? {} : { ca: io.readSecret(tls.ca_file) }),
    ...(tls.cert_file === undefined ? {} : { cert: io.readSecret(tls.cert_file) }),
    ...(tls.key_file === undefined ? {} : { key: io.readSecret(tls.key_file) }),
    ...(tls.server_name === undefined ? {} : { servername: tls.server_name }),
    ...(tls.insecure_skip_verify === true ? { insecure: true } : {}),
  }
}

export interface JsonCall {
  readonly method?: HttpRequest['method']
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
  readonly timeout?: Millis | undefined
}

/** Posts JSON with the receiver's HTTP settings (the global ones where it has none). */
export function postJson(
  call: JsonCall,
  settings: HttpSettings | undefined,
  attempt: Attempt,
  io: ReceiverIo,
): Promise<HttpAnswer> {
  const effective: HttpSettings = settings ?? io.global.http_config ?? {}
  const authorization = credentials(effective, io)
  const tls = tlsOf(effective, io)
  const custom = Object.entries(effective.http_headers ?? {}).map(([name, header]) => [
    name.toLowerCase(),
    [
      ...(header.values ?? []),
      ...(header.secrets ?? []).map((secret) => secret.reveal()),
      ...(header.files ?? []).map((file) => io.readSecret(file).trim()),
    ].join(', '),
  ])
  return io.http({
    method: call.method ?? 'POST',
    url: call.url,
    headers: {
      'content-type': 'application/json',
      ...(authorization === undefined ? {} : { authorization }),
      ...(Object.fromEntries(custom) as Record<string, string>),
      ...call.headers,
    },
    body: call.body,
    ...(call.timeout === undefined ? {} : { timeout: call.timeout }),
    ...(tls === undefined ? {} : { tls }),
    signal: attempt.signal,
  })
}

const MAX_RETRY_AFTER = HOUR
const ANSWER_LENGTH = 200

/** Throws SendError unless the answer is 2xx: 408, 425, 429 and 5xx may be retried, 410 means never again. */
export function accepted(answer: HttpAnswer, at: number): string {
  const text = `${answer.status}${answer.text === '' ? '' : ` ${oneLine(answer.text)}`}`
  if (answer.status >= 200 && answer.status < 300) return text
  if (answer.status === 410) throw new SendError('gone', `answered ${text}`)
  const again = answer.status >= 500 || [408, 425, 429].includes(answer.status)
  throw new SendError(again ? 'retry' : 'refused', `answered ${text}`, {
    retryAfter: again ? retryAfter(answer.headers['retry-after'], at) : null,
  })
}

export const oneLine = (text: string): string =>
  text
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, ANSWER_LENGTH)

/** Seconds or an HTTP date (RFC 9110, 10.2.3). */
function retryAfter(header: string | undefined, at: number): Millis | null {
  if (header === undefined) return null
  const length = /^\d+$/.test(header.trim()) ? Number(header) * SECOND : Date.parse(header) - at
  return Number.isFinite(length) ? millis(Math.min(Math.max(length, 0), MAX_RETRY_AFTER)) : null
}
