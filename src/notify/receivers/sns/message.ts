// The JSON that an SNS subscriber receives: severity, title, message, timestamp, metadata.
import type { Notification } from '../../../model/notice.ts'
import { headlineOf, severityOf, storyOf, textOf } from '../wording.ts'

/** SNS takes 256 KiB with attributes; alerts beyond this many are counted instead of listed. */
const MAX_ALERTS = 50
const MAX_MESSAGE = 200_000

export function snsMessage(notification: Notification): string {
  const build = (count: number): string =>
    JSON.stringify({
      severity: severityOf(notification),
      title: headlineOf(notification),
      message: textOf(notification).slice(0, 10_000),
      timestamp: new Date(notification.at).toISOString(),
      metadata: {
        id: notification.id,
        status: notification.status,
        reason: notification.reason,
        receiver: notification.receiver,
        groupKey: notification.groupKey,
        groupLabels: notification.groupLabels,
        externalUrl: notification.externalUrl,
        alerts: notification.alerts.slice(0, count).map((alert) => ({
          status: alert.status,
          labels: alert.labels,
          fingerprint: alert.fingerprint,
          startsAt: new Date(alert.startsAt).toISOString(),
          endsAt: alert.endsAt === null ? null : new Date(alert.endsAt).toISOString(),
          ...storyOf(alert, notification.at),
        })),
        moreAlerts: Math.max(0, notification.alerts.length - count) + notification.truncatedAlerts,
      },
    })
  for (let count = MAX_ALERTS; count > 0; count = Math.floor(count / 2)) {
    const message = build(count)
    if (Buffer.byteLength(message) <= MAX_MESSAGE) return message
  }
  return build(0)
}
