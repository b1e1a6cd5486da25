// Forwards alerts to real Alertmanagers: all of them get everything, one that takes it is enough.
import { z } from 'zod'
import { explainError } from '../../../model/errors.ts'
import { Duration } from '../../../model/fields.ts'
import type { NotifiedAlert } from '../../../model/notice.ts'
import { HOUR, SECOND, type Timestamp, millis, plus } from '../../../model/units.ts'
import { HttpSettings } from '../http-settings.ts'
import { accepted, postJson } from '../post.ts'
import { defineReceiver } from '../receiver.ts'

/** We tell each change once, so an alert must not time out over there: the repeat_interval confirms it. */
const VALID_FOR = millis(24 * HOUR)

export const alertmanager = defineReceiver({
  type: 'alertmanager',
  Config: z.strictObject({
    urls: z.array(z.url()).min(1).max(16).describe('Base URLs; all members of a cluster.'),
    valid_for: Duration(SECOND)
      .optional()
      .describe(
        'How long an alert fires there unless it is repeated; default 24h, more than repeat_interval.',
      ),
    timeout: Duration(SECOND).optional(),
    http_config: HttpSettings.optional(),
  }),
  sendResolved: true,
  connect(config, io) {
    return async (attempt) => {
      const until = plus(attempt.at, config.valid_for ?? VALID_FOR)
      const body = JSON.stringify(attempt.notification.alerts.map((alert) => postable(alert, until)))
      const answers = await Promise.allSettled(
        config.urls.map(async (url) => {
          const target = `${url.replace(/\/$/, '')}/api/v2/alerts`
          return accepted(
            await postJson({ url: target, body, timeout: config.timeout }, config.http_config, attempt, io),
            attempt.at,
          )
        }),
      )
      const failures = answers.flatMap((answer) =>
        answer.status === 'rejected' ? [answer.reason as unknown] : [],
      )
      if (failures.length === answers.length) throw failures[0]
      const missed = failures.map((error) => explainError(error)).join('; ')
      if (failures.length > 0)
        io.log.warn({ missed }, 'not every Alertmanager took the alerts; they share them among themselves')
      return {
        answer: `taken by ${answers.length - failures.length} of ${answers.length}${missed === '' ? '' : ` (${missed})`}`,
      }
    }
  },
})

const postable = (alert: NotifiedAlert, until: Timestamp) => ({
  labels: alert.labels,
  annotations: alert.annotations,
  startsAt: new Date(alert.startsAt).toISOString(),
  endsAt: new Date(alert.endsAt ?? until).toISOString(),
  generatorURL: alert.generatorUrl,
})
