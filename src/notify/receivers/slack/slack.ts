// Slack: one message for each incident, updated in place (or answered in its thread) with a bot token, else a webhook.
import { z } from 'zod'
import { ConfigError } from '../../../model/errors.ts'
import { accepted, oneLine, postJson, secretOf } from '../post.ts'
import { type Attempt, type Receipt, type ReceiverIo, SendError, defineReceiver } from '../receiver.ts'
import { Config } from './config.ts'
import { slackMessage } from './message.ts'

/** Answers in the body of a 200 that may be different next time. */
const PASSING = new Set([
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
])
const VANISHED = new Set([
  'message_not_found',
  'cant_update_message',
  'edit_window_closed',
  'thread_not_found',
])
const DEFAULT_API = 'https://slack.com/api/'

/** Foreign JSON: only what we look at. */
const Answer = z.object({
  ok: z.boolean(),
  error: z.string().optional(),
  ts: z.string().optional(),
  channel: z.string().optional(),
})
const Memo = z.object({ channel: z.string(), ts: z.string() })

export const slack = defineReceiver({
  type: 'slack',
  Config,
  sendResolved: false,
  connect(config, io) {
    const { global } = io
    const ownWebhook = config.api_url !== undefined || config.api_url_file !== undefined
    const byToken = config.app_token ?? (ownWebhook ? undefined : global.slack_app_token)
    const tokenFile = config.app_token_file ?? (ownWebhook ? undefined : global.slack_app_token_file)
    if (byToken !== undefined || tokenFile !== undefined) {
      if (config.channel === undefined) throw new ConfigError('slack_configs: a bot token needs a channel')
      const api = config.app_url ?? global.slack_app_url ?? DEFAULT_API
      return (attempt) =>
        sendAsBot(
          attempt,
          config,
          { token: secretOf(byToken, tokenFile, io)!, api: api.replace(/chat\.postMessage$/, '') },
          io,
        )
    }
    const url = config.api_url ?? global.slack_api_url
    const urlFile = config.api_url_file ?? global.slack_api_url_file
    if (url === undefined && urlFile === undefined)
      throw new ConfigError('slack_configs: expected api_url, api_url_file or app_token (or a global one)')
    return async (attempt) => {
      const body = JSON.stringify(slackMessage(attempt.notification, config, io.wording))
      const answer = await postJson(
        { url: secretOf(url, urlFile, io)!, body, timeout: config.timeout },
        config.http_config,
        attempt,
        io,
      )
      const text = accepted(answer, attempt.at)
      // chat.postMessage called as a webhook says no with a 200.
      if (answer.text.startsWith('{')) refuse(answer.text)
      return { answer: text }
    }
  },
})

interface Bot {
  readonly token: string
  readonly api: string
}

async function sendAsBot(attempt: Attempt, config: Config, bot: Bot, io: ReceiverIo): Promise<Receipt> {
  const message = slackMessage(attempt.notification, config, io.wording)
  const call = async (method: string, body: object) => {
    const answer = await postJson(
      {
        url: `${bot.api}${method}`,
        headers: { authorization: `Bearer ${bot.token}` },
        body: JSON.stringify(body),
        timeout: config.timeout,
      },
      config.http_config,
      attempt,
      io,
    )
    accepted(answer, attempt.at)
    return Answer.parse(JSON.parse(answer.text))
  }
  const memo = attempt.memo === undefined ? undefined : Memo.parse(JSON.parse(attempt.memo))
  if (memo !== undefined) {
    const place = config.update_message
      ? { channel: memo.channel, ts: memo.ts }
      : { channel: memo.channel, thread_ts: memo.ts }
    const answer = await call(config.update_message ? 'chat.update' : 'chat.postMessage', {
      ...message,
      ...place,
    })
    if (answer.ok)
      return { answer: config.update_message ? 'updated' : 'answered in the thread', memo: attempt.memo! }
    if (!VANISHED.has(answer.error ?? '')) throw failureOf(answer.error)
  }
  const answer = await call('chat.postMessage', message)
  if (!answer.ok) throw failureOf(answer.error)
  return {
    answer: 'posted',
    ...(answer.ts === undefined || answer.channel === undefined
      ? {}
      : { memo: JSON.stringify({ channel: answer.channel, ts: answer.ts }) }),
  }
}

function refuse(text: string): void {
  const answer = Answer.safeParse(JSON.parse(text))
  if (answer.success && !answer.data.ok) throw failureOf(answer.data.error)
}

const failureOf = (error: string | undefined): SendError =>
  new SendError(
    PASSING.has(error ?? '') ? 'retry' : 'refused',
    `Slack answered ${oneLine(error ?? 'not ok')}`,
  )
