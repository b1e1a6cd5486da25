// Why somebody was, or was not, told of an alert: its value, its clock, its routes and every attempt.
import { type Timestamp, between, millis, readableDuration } from '../../model/units.ts'
import { type Explanation, explanationOf } from '../answers.ts'
import { sparkline } from '../charts.ts'
import { EMPTY, type Line, fit, line, span, wrap } from '../line.ts'
import type { PageScreen } from '../screen.ts'
import { moment } from '../words.ts'

const LABEL = 13

export const explainPage: PageScreen = {
  kind: 'page',
  name: 'explain',
  about: 'why somebody was, or was not, told of an alert',
  tab: false,
  title: () => 'Why was (not) somebody told',
  feeds: (fingerprint) => [explanationOf(fingerprint)],
  lines: ({ get, now, subject }, width) =>
    get(explanationOf(subject))?.flatMap((alert) => [...explained(alert, now, width), EMPTY]),
}

const said = (label: string, text: string): Line => line(span(fit(label, LABEL), 'dim'), text)
const long = (label: string, text: string, width: number): Line[] =>
  wrap(text, width - LABEL).map((one, i) => line(span(fit(i === 0 ? label : '', LABEL), 'dim'), ...one.spans))
const ago = (at: Timestamp, now: Timestamp): string => `${readableDuration(between(at, now))} ago`

function explained(alert: Explanation, now: Timestamp, width: number): Line[] {
  const { alertname = '', ...rest } = alert.labels
  const labels = Object.entries(rest).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return [
    line(span(alertname, 'title'), `  ${alert.annotations['summary'] ?? ''}`),
    ...wrap(labels.join(' '), width, 'dim'),
    EMPTY,
    said('state', `${alert.state} since ${moment(alert.since)}, ${ago(alert.since, now)}`),
    ...(alert.endedAt === null ? [] : [said('ended', ago(alert.endedAt, now))]),
    said(
      'value',
      `${alert.value ?? 'unknown'}${alert.noData ? ', no data: kept, neither confirmed nor resolved' : ''}`,
    ),
    ...behind(alert, width),
    ...alert.ways.flatMap((way) => [
      EMPTY,
      line(span(`${way.route} → ${way.receiver}`, 'title')),
      ...(way.nextTick === null
        ? []
        : [said('looked at', `again in ${readableDuration(between(now, way.nextTick))}`)]),
      ...way.integrations.flatMap(({ integration, verdict, waiting }) =>
        long(integration, `${verdict}${waiting > 0 ? `; ${waiting} waiting` : ''}`, width),
      ),
    ]),
    EMPTY,
    line(span(alert.notices.length === 0 ? 'Nobody was told yet' : 'Told', 'title')),
    ...alert.notices.flatMap(({ notice, state, attempts }) => [
      ...long(ago(notice.at, now), `${notice.title}: ${notice.reason}, ${state}`, width),
      ...attempts.flatMap(({ at, result, answer }) =>
        long('', `${ago(at, now)} ${result}${answer === '' ? '' : `: ${answer}`}`, width),
      ),
    ]),
  ]
}

function behind({ background }: Explanation, width: number): Line[] {
  if (background === null) return []
  const { expression, pendingSince, holdFor, history } = background
  const values = history.map(([, value]) => value)
  const held = holdFor === 0 ? 'fires at once' : `must hold for ${readableDuration(millis(holdFor))}`
  return [
    ...long('expression', expression.replaceAll(/\s+/g, ' '), width),
    said('clock', `${held}${pendingSince === null ? '' : ', pending'}`),
    ...(values.some((value) => value !== null) ? [said('last hour', sparkline(values))] : []),
  ]
}
