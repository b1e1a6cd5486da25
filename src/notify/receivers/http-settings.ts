// Alertmanager's `http_config` and `tls_config`, as far as we speak them.
import { z } from 'zod'
import { SecretText } from '../../model/secret.ts'

export const TlsSettings = z.strictObject({
  ca_file: z.string().optional(),
  cert_file: z.string().optional(),
  key_file: z.string().optional(),
  server_name: z.string().optional(),
  insecure_skip_verify: z.boolean().optional(),
  min_version: z.string().optional(),
  max_version: z.string().optional(),
})

export const HttpSettings = z.strictObject({
  basic_auth: z
    .strictObject({
      username: z.string().optional(),
      username_file: z.string().optional(),
      password: SecretText.optional(),
      password_file: z.string().optional(),
    })
    .optional(),
  authorization: z
    .strictObject({
      type: z.string().prefault('Bearer'),
      credentials: SecretText.optional(),
      credentials_file: z.string().optional(),
    })
    .optional(),
  bearer_token: SecretText.optional(),
  bearer_token_file: z.string().optional(),
  tls_config: TlsSettings.optional(),
  follow_redirects: z
    .boolean()
    .optional()
    .describe('Read and ignored: a redirect is never followed, it is a failure.'),
  enable_http2: z.boolean().optional().describe('Read and ignored: HTTP/1.1 is spoken.'),
  http_headers: z
    .record(
      z.string(),
      z.strictObject({
        values: z.array(z.string()).optional(),
        secrets: z.array(SecretText).optional(),
        files: z.array(z.string()).optional(),
      }),
    )
    .optional(),
})
export type HttpSettings = z.output<typeof HttpSettings>
