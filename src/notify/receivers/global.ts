// Alertmanager's `global` block: defaults that receivers fall back to.
import { z } from 'zod'
import { Duration } from '../../model/fields.ts'
import { SecretText } from '../../model/secret.ts'
import { SECOND } from '../../model/units.ts'
import { HttpSettings, TlsSettings } from './http-settings.ts'

/** Fields of receiver kinds that we do not speak: read and left alone, so an existing file loads. */
const foreign = z.unknown().optional()

export const Global = z.strictObject({
  resolve_timeout: Duration(SECOND)
    .optional()
    .describe('Alerts pushed without an end are over after this, default 5m.'),
  http_config: HttpSettings.optional(),
  smtp_from: z.string().optional(),
  smtp_smarthost: z.string().optional(),
  smtp_hello: z.string().optional(),
  smtp_auth_username: z.string().optional(),
  smtp_auth_password: SecretText.optional(),
  smtp_auth_password_file: z.string().optional(),
  smtp_auth_secret: SecretText.optional(),
  smtp_auth_identity: z.string().optional(),
  smtp_require_tls: z.boolean().optional(),
  smtp_force_implicit_tls: z.boolean().optional(),
  smtp_tls_config: TlsSettings.optional(),
  slack_api_url: SecretText.optional(),
  slack_api_url_file: z.string().optional(),
  slack_app_token: SecretText.optional(),
  slack_app_token_file: z.string().optional(),
  slack_app_url: z.string().optional(),
  pagerduty_url: z.url().optional(),
  opsgenie_api_url: z.url().optional(),
  opsgenie_api_key: SecretText.optional(),
  opsgenie_api_key_file: z.string().optional(),
  victorops_api_url: foreign,
  victorops_api_key: foreign,
  victorops_api_key_file: foreign,
  wechat_api_url: foreign,
  wechat_api_secret: foreign,
  wechat_api_secret_file: foreign,
  wechat_api_corp_id: foreign,
  telegram_api_url: foreign,
  telegram_bot_token: foreign,
  telegram_bot_token_file: foreign,
  webex_api_url: foreign,
  jira_api_url: foreign,
  rocketchat_api_url: foreign,
  rocketchat_token: foreign,
  rocketchat_token_file: foreign,
  rocketchat_token_id: foreign,
  rocketchat_token_id_file: foreign,
  mattermost_webhook_url: foreign,
  mattermost_webhook_url_file: foreign,
})
export type Global = z.output<typeof Global>
