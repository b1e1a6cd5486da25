// The server's TLS from the files that the configuration names; a reload reads them again.
import type { ServerOptions } from 'node:https'
import type { ApiConfig } from '../config/config.ts'

type TlsConfig = NonNullable<ApiConfig['tls_server_config']>

export const tlsOptions = (tls: TlsConfig, read: (file: string) => string): ServerOptions => ({
  cert: read(tls.cert_file),
  key: read(tls.key_file),
  minVersion: tls.min_version === 'TLS13' ? 'TLSv1.3' : 'TLSv1.2',
  ...(tls.client_ca_file === undefined ? {} : { ca: read(tls.client_ca_file) }),
  ...(tls.client_auth_type === 'RequireAndVerifyClientCert'
    ? { requestCert: true, rejectUnauthorized: true }
    : {}),
})
