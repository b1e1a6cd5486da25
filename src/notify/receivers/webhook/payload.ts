// Alertmanager's webhook message, version 4, with what we add under `tidemark`.
import type { NotifiedAlert, Notification } from '../../../model/notice.ts'
import { type Timestamp } from '../../../model/units.ts'
import { headlineOf, severityOf, storyOf } from '../wording.ts'

/** What Alertmanager writes for "has not ended". */
const NO_TIME = '0001-01-01T00:00:00Z'
const iso = (at: Timestamp | null): string => (at === null ? NO_TIME : new Date(at).toISOString())

export function webhookPayload(notification: Notification, maxAlerts: number): string {
  const shown = maxAlerts > 0 ? notification.alerts.slice(0, maxAlerts) : notification.alerts
  return JSON.stringify({
    receiver: notification.receiver,
    status: notification.status,
    alerts: shown.map((alert) => alertOf(alert, notification.at)),
    groupLabels: notification.groupLabels,
    commonLabels: notification.commonLabels,
    commonAnnotations: notification.commonAnnotations,
    externalURL: notification.externalUrl,
    version: '4',
    groupKey: notification.groupKey,
    truncatedAlerts: notification.truncatedAlerts + notification.alerts.length - shown.length,
    notification_reason: notification.reason,
    tidemark: { id: notification.id, severity: severityOf(notification), headline: headlineOf(notification) },
  })
}

const alertOf = (alert: NotifiedAlert, at: Timestamp) => {
  const story = storyOf(alert, at)
  return {
    status: alert.status,
    labels: alert.labels,
    annotations: alert.annotations,
    startsAt: iso(alert.startsAt),
    endsAt: iso(alert.endsAt),
    generatorURL: alert.generatorUrl,
    fingerprint: alert.fingerprint,
    tidemark: story,
  }
}
