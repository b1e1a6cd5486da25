// Microsoft Teams: an adaptive card to a workflow's webhook.
import { z } from 'zod'
import { ConfigError } from '../../../model/errors.ts'
import { Duration } from '../../../model/fields.ts'
import { SecretText } from '../../../model/secret.ts'
import { SECOND } from '../../../model/units.ts'
import { HttpSettings } from '../http-settings.ts'
import { accepted, postJson, secretOf } from '../post.ts'
import { type ReceiverIo, type Send, defineReceiver } from '../receiver.ts'
import { teamsCard } from './card.ts'

const Config = z.strictObject({
  webhook_url: SecretText.optional(),
  webhook_url_file: z.string().optional(),
  title: z.string().optional(),
  summary: z.string().optional(),
  text: z.string().optional(),
  timeout: Duration(SECOND).optional(),
  http_config: HttpSettings.optional(),
})
type Config = z.output<typeof Config>

function connect(config: Config, io: ReceiverIo): Send {
  if ((config.webhook_url === undefined) === (config.webhook_url_file === undefined)) {
    throw new ConfigError('msteams_configs: expected exactly one of webhook_url and webhook_url_file')
  }
  return async (attempt) => {
    const body = teamsCard(attempt.notification, config, io.wording)
    const url = secretOf(config.webhook_url, config.webhook_url_file, io)!
    const answer = await postJson({ url, body, timeout: config.timeout }, config.http_config, attempt, io)
    return { answer: accepted(answer, attempt.at) }
  }
}

/** Alertmanager's two names: the connectors behind the first are retired, both now lead to workflows. */
export const msteams = defineReceiver({ type: 'msteams', Config, sendResolved: true, connect })
export const msteamsv2 = defineReceiver({ type: 'msteamsv2', Config, sendResolved: true, connect })
