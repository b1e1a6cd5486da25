// E-mail over SMTP: text and HTML, a stable Message-ID, one thread for each group.
import { createHash } from 'node:crypto'
import { createTransport } from 'nodemailer'
import { z } from 'zod'
import { resolveAllowed } from '../../../io/egress.ts'
import { ConfigError } from '../../../model/errors.ts'
import type { Notification } from '../../../model/notice.ts'
import { SecretText } from '../../../model/secret.ts'
import { SECOND } from '../../../model/units.ts'
import { TlsSettings } from '../http-settings.ts'
import { oneLine, secretOf } from '../post.ts'
import { type ReceiverIo, SendError, defineReceiver } from '../receiver.ts'
import { headlineOf, line, severityOf, textOf } from '../wording.ts'

const Text = z.string().optional()
const CONNECT_TIMEOUT = 5 * SECOND
const IDLE_TIMEOUT = 15 * SECOND
const SUBJECT_LENGTH = 200

const Config = z.strictObject({
  to: z.string().min(1),
  from: Text,
  smarthost: Text,
  hello: Text,
  auth_username: Text,
  auth_password: SecretText.optional(),
  auth_password_file: Text,
  auth_secret: SecretText.optional(),
  auth_secret_file: Text,
  auth_identity: Text,
  require_tls: z.boolean().optional(),
  force_implicit_tls: z.boolean().optional(),
  tls_config: TlsSettings.optional(),
  html: Text,
  text: Text,
  headers: z.record(z.string(), z.string()).prefault({}),
  threading: z.strictObject({ enabled: z.boolean().prefault(true), thread_by_date: Text }).prefault({}),
})
type Config = z.output<typeof Config>

export const email = defineReceiver({
  type: 'email',
  Config,
  sendResolved: false,
  connect(config, io) {
    const { global } = io
    const from = config.from ?? global.smtp_from
    const smarthost = /^\[?(.+?)\]?:(\d{1,5})$/.exec(config.smarthost ?? global.smtp_smarthost ?? '')
    if (from === undefined) throw new ConfigError('email_configs: from (or global smtp_from) is missing')
    if (smarthost === null)
      throw new ConfigError('email_configs: smarthost (or global smtp_smarthost) is missing or not host:port')
    const server = { host: smarthost[1]!, port: Number(smarthost[2]) }
    return async ({ notification, signal }) => {
      const message = messageOf(notification, config, io, from)
      const transport = createTransport({
        ...(await connectionOf(server, config, io)),
        connectionTimeout: CONNECT_TIMEOUT,
        greetingTimeout: CONNECT_TIMEOUT,
        socketTimeout: IDLE_TIMEOUT,
      })
      const close = () => transport.close()
      signal.addEventListener('abort', close, { once: true })
      try {
        const { response } = (await transport.sendMail(message)) as { response?: string }
        return { answer: oneLine(response ?? 'accepted') }
      } catch (error) {
        throw failureOf(error)
      } finally {
        signal.removeEventListener('abort', close)
        transport.close()
      }
    }
  },
})

/** The name is resolved here and the address called, so that no later look-up can lead elsewhere. */
async function connectionOf(server: { host: string; port: number }, config: Config, io: ReceiverIo) {
  const { global } = io
  const tls = config.tls_config ?? global.smtp_tls_config
  const implicit = config.force_implicit_tls ?? global.smtp_force_implicit_tls ?? server.port === 465
  const user = config.auth_username ?? global.smtp_auth_username
  const pass =
    secretOf(config.auth_password, config.auth_password_file, io) ??
    secretOf(global.smtp_auth_password, global.smtp_auth_password_file, io)
  return {
    host: await resolveAllowed(server.host, io.egress),
    port: server.port,
    secure: implicit,
    requireTLS: !implicit && (config.require_tls ?? global.smtp_require_tls ?? true),
    ...(config.hello === undefined && global.smtp_hello === undefined
      ? {}
      : { name: config.hello ?? global.smtp_hello! }),
    ...(user === undefined || pass === undefined ? {} : { auth: { user, pass } }),
    tls: {
      servername: tls?.server_name ?? server.host,
      ...(tls?.insecure_skip_verify === true ? { rejectUnauthorized: false } : {}),
      ...(tls?.ca_file === undefined ? {} : { ca: io.readSecret(tls.ca_file) }),
    },
  }
}

function messageOf(notification: Notification, config: Config, io: ReceiverIo, from: string) {
  const say = (template: string | undefined, fallback: (notification: Notification) => string) =>
    io.wording.expand(template, notification, fallback)
  const header = (text: string) => line(text, 900)
  const given = Object.fromEntries(
    Object.entries(config.headers).map(([name, value]) => [
      name.toLowerCase(),
      header(say(value, () => value)),
    ]),
  )
  const { subject, from: _from, to: _to, ...headers } = given
  const text = say(config.text, textOf)
  const domain = /@([\w.-]+)/.exec(from)?.[1] ?? 'tidemark'
  const thread = `<${createHash('sha256').update(notification.groupKey).digest('hex').slice(0, 32)}@${domain}>`
  return {
    from: header(say(from, () => from)),
    to: header(say(config.to, () => config.to)),
    subject: line(
      subject ??
        `[${notification.status === 'resolved' ? 'RESOLVED' : severityOf(notification).toUpperCase()}] ${headlineOf(notification)}`,
      SUBJECT_LENGTH,
    ),
    text,
    html: config.html === undefined ? `<pre>${escapeHtml(text)}</pre>` : say(config.html, () => ''),
    messageId: `<${notification.id}@${domain}>`,
    ...(config.threading.enabled ? { references: thread, inReplyTo: thread } : {}),
    headers: { 'X-Tidemark-Id': notification.id, ...headers },
  }
}

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** SMTP says itself what may work later: 4xx. */
function failureOf(error: unknown): unknown {
  const { responseCode, message } = error as { responseCode?: number; message?: string }
  if (responseCode === undefined) return error
  return new SendError(
    responseCode >= 500 ? 'refused' : 'retry',
    `answered ${responseCode}: ${oneLine(message ?? '')}`,
  )
}
