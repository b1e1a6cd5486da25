// The receiver of last resort: one structured line in the log for each notification.
import { z } from 'zod'
import { defineReceiver } from '../receiver.ts'
import { factsOf, headlineOf, storyOf } from '../wording.ts'

const ALERTS_IN_LOG = 50

export const log = defineReceiver({
  type: 'log',
  Config: z.strictObject({}),
  sendResolved: true,
  connect(_, io) {
    return async ({ notification }) => {
      io.log.warn(
        {
          id: notification.id,
          status: notification.status,
          why: notification.reason,
          group: notification.groupLabels,
          alerts: notification.alerts.slice(0, ALERTS_IN_LOG).map((alert) => {
            const story = storyOf(alert, notification.at)
            return {
              alert: story.name,
              status: alert.status,
              ...Object.fromEntries(factsOf(story).map(([name, value]) => [name.toLowerCase(), value])),
            }
          }),
        },
        headlineOf(notification),
      )
      return { answer: 'logged' }
    }
  },
})
