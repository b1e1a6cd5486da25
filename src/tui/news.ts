// What happened while the terminal was open: alerts that began and ended, connections lost, what the user did.
import type { Timestamp } from '../model/units.ts'
import { type Alert, alerts } from './answers.ts'
import { aboutOf, alertState } from './alert-health.ts'
import { type Feed, type Held, feed } from './feed.ts'
import type { State } from './state.ts'

export interface News {
  readonly id: string
  readonly at: Timestamp
  readonly state: State
  readonly text: string
}

/** No path: nobody is asked, the session keeps it. */
export const log: Feed<readonly News[]> = feed('', { own: 'log' }, () => [])

export const toNews = (at: Timestamp, state: State, text: string): News => ({
  id: `${at} ${text}`,
  at,
  state,
  text,
})

export function newsOf(of: Feed<unknown>, before: Held | undefined, value: unknown, now: Timestamp): News[] {
  const back =
    before?.error == null ? [] : [toNews(now, 'ok', `${of.path} answers again after: ${before.error.text}`)]
  if (of.key !== alerts.key || before?.at == null) return back
  return [...back, ...alertNews(before.value as readonly Alert[], value as readonly Alert[], now)]
}

function alertNews(before: readonly Alert[], after: readonly Alert[], now: Timestamp): News[] {
  const [old, young] = [before, after].map((some) => new Map(some.map((alert) => [alert.fingerprint, alert])))
  const said = ({ labels, annotations }: Alert): string =>
    `${labels['alertname'] ?? 'alert'} ${aboutOf({ labels })}${annotations['summary'] ? `: ${annotations['summary']}` : ''}`
  return [
    ...after
      .filter(({ fingerprint }) => !old!.has(fingerprint))
      .map((alert) => toNews(now, alertState(alert).state, `began: ${said(alert)}`)),
    ...before
      .filter(({ fingerprint }) => !young!.has(fingerprint))
      .map((alert) => toNews(now, 'ok', `ended: ${said(alert)}`)),
  ]
}
