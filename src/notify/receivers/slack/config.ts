// Alertmanager's slack_configs, as far as we speak them.
import { z } from 'zod'
import { Duration } from '../../../model/fields.ts'
import { SecretText } from '../../../model/secret.ts'
import { SECOND } from '../../../model/units.ts'
import { HttpSettings } from '../http-settings.ts'

const Text = z.string().optional()

export const Config = z.strictObject({
  api_url: SecretText.optional(),
  api_url_file: Text,
  app_token: SecretText.optional().describe('A bot token (xoxb-…): messages are then updated in place.'),
  app_token_file: Text,
  app_url: Text,
  channel: Text,
  username: Text,
  icon_emoji: Text,
  icon_url: Text,
  link_names: z.boolean().optional(),
  short_fields: z.boolean().optional(),
  color: Text,
  title: Text,
  title_link: Text,
  text: Text,
  message_text: Text,
  pretext: Text,
  fallback: Text,
  footer: Text,
  callback_id: Text,
  image_url: Text,
  thumb_url: Text,
  mrkdwn_in: z.array(z.string()).optional(),
  fields: z
    .array(z.strictObject({ title: z.string(), value: z.string(), short: z.boolean().optional() }))
    .optional(),
  actions: z.array(z.record(z.string(), z.unknown())).optional(),
  timeout: Duration(SECOND).optional(),
  update_message: z
    .boolean()
    .prefault(true)
    .describe('With a bot token: change the message of the incident; false answers in its thread.'),
  http_config: HttpSettings.optional(),
})
export type Config = z.output<typeof Config>
