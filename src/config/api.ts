// The `api:` block: where Tidemark listens, and who may ask. TLS and users in the words of Prometheus's web configuration
// (https://prometheus.io/docs/prometheus/latest/configuration/https/).
import net from 'node:net'
import { z } from 'zod'
import { Duration } from '../model/fields.ts'
import { REDACTED, Secret, SecretText } from '../model/secret.ts'
import { millis } from '../model/units.ts'

const Listen = z
  .string()
  .regex(/^(?:\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, 'expected host:port, for example 127.0.0.1:9464')

const Tls = z.strictObject({
  cert_file: z.string().min(1).describe('The certificate and its chain, PEM.'),
  key_file: z.string().min(1).describe('Its private key, PEM.'),
  client_auth_type: z.enum(['NoClientCert', 'RequireAndVerifyClientCert']).prefault('NoClientCert'),
  client_ca_file: z.string().min(1).optional().describe('Who signs the certificates of clients, PEM.'),
  min_version: z.enum(['TLS12', 'TLS13']).prefault('TLS12'),
})

const BCRYPT = /^\$2[aby]\$\d{2}\$[./A-Za-z0-9]{53}$/
const PasswordHash = z.codec(z.string(), z.instanceof(Secret), {
  decode(text, context) {
    if (BCRYPT.test(text)) return new Secret(text)
    const message = 'expected a bcrypt hash, as `htpasswd -nBC 10 ""` prints it'
    context.issues.push({ code: 'custom', input: REDACTED, message })
    return z.NEVER
  },
  encode: () => REDACTED,
})

export const ApiConfig = z
  .strictObject({
    listen: Listen.prefault('127.0.0.1:9464').describe(
      'An address that others reach needs TLS, a token or users.',
    ),
    tls_server_config: Tls.optional(),
    token: SecretText.optional().describe('What requests must carry as bearer token; health is told to all.'),
    basic_auth_users: z
      .record(z.string().min(1).max(200), PasswordHash)
      .prefault({})
      .describe('Users and the bcrypt hashes of their passwords.'),
    rate_limit: z
      .strictObject({
        interval: Duration(millis(1))
          .prefault('5ms')
          .describe('How long until an address may ask once more.'),
        burst: z.int().min(1).prefault(1_000).describe('How often an address may ask at once.'),
      })
      .prefault({}),
  })
  .superRefine(({ listen, tls_server_config: tls, token, basic_auth_users: users }, context) => {
    const issue = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
    if (!isLoopback(listen) && tls === undefined && token === undefined && Object.keys(users).length === 0) {
      issue(
        ['listen'],
        `${listen} can be reached by others: give api.token, api.basic_auth_users or api.tls_server_config, or listen on 127.0.0.1`,
      )
    }
    if (tls?.client_auth_type === 'RequireAndVerifyClientCert' && tls.client_ca_file === undefined)
      issue(['tls_server_config'], 'RequireAndVerifyClientCert needs client_ca_file')
  })
export type ApiConfig = z.output<typeof ApiConfig>

export const listenParts = (listen: string): { host: string; port: number } => {
  const at = listen.lastIndexOf(':')
  return { host: listen.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(listen.slice(at + 1)) }
}

const LOOPBACK = new net.BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** A name other than localhost may lead anywhere. */
function isLoopback(listen: string): boolean {
  const { host } = listenParts(listen)
  const family = net.isIP(host)
  return family === 0 ? host === 'localhost' : LOOPBACK.check(host, family === 6 ? 'ipv6' : 'ipv4')
}
