// An explanation as text: the value, the clock, the route, each verdict and each attempt.
import { type Explanation, Explanations } from '../api/client.ts'
import { printable } from '../model/text.ts'
import { type Timestamp, between, millis, readableDuration } from '../model/units.ts'

const BARS = '▁▂▃▄▅▆▇█'

export const renderExplanations = (answer: unknown, now: Timestamp): string =>
  `${Explanations.parse(answer)
    .map((alert) => renderOne(alert, now))
    .join('\n\n')}\n`

function renderOne(alert: Explanation, now: Timestamp): string {
  const { alertname = '', ...rest } = alert.labels
  const labels = Object.entries(rest).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  const ended = alert.endedAt === null ? '' : `, until ${ago(alert.endedAt, now)}`
  return [
    `${printable(alertname)}  ${printable(labels.join(' '), 300)}`,
    `  state       ${alert.state}${alert.noData ? ' (no data: kept, neither confirmed nor resolved)' : ''} since ${ago(alert.since, now)}${ended}`,
    `  value       ${alert.value ?? 'unknown'}`,
    ...behind(alert),
    ...alert.ways.flatMap((way) => [
      `  route       ${printable(way.route)} → ${printable(way.receiver)}`,
      `  group       ${printable(way.groupKey, 200)}${way.nextTick === null ? '' : `, looked at again in ${readableDuration(between(now, way.nextTick))}`}`,
      ...way.integrations.map(
        ({ integration, verdict, waiting }) =>
          `  ${printable(integration).padEnd(11)} ${printable(verdict)}${waiting > 0 ? `; ${waiting} waiting` : ''}`,
      ),
    ]),
    ...(alert.notices.length === 0
      ? ['  told        nobody yet']
      : alert.notices.flatMap((one) => told(one, now))),
  ].join('\n')
}

function behind({ background }: Explanation): string[] {
  if (background === null) return []
  const { expression, pendingSince, holdFor, history } = background
  const held = holdFor === 0 ? 'fires at once' : `must hold for ${readableDuration(millis(holdFor))}`
  return [
    `  expression  ${printable(expression.replace(/\s+/g, ' '), 300)}`,
    `  clock       ${held}${pendingSince === null ? '' : ', pending'}`,
    ...(history.length === 0 ? [] : [`  last hour   ${sparkline(history.map(([, value]) => value ?? NaN))}`]),
  ]
}

function sparkline(values: readonly number[]): string {
  const finite = values.filter(Number.isFinite)
  const [low, high] = [Math.min(...finite), Math.max(...finite)]
  const bars = values.map((value) =>
    Number.isFinite(value)
      ? BARS[high === low ? 0 : Math.round(((value - low) / (high - low)) * (BARS.length - 1))]
      : ' ',
  )
  return `${bars.join('')}  ${low} … ${high}`
}

function told(
  { notice, state, nextAttempt, attempts }: Explanation['notices'][number],
  now: Timestamp,
): string[] {
  const next = nextAttempt === null ? '' : `, next attempt in ${readableDuration(between(now, nextAttempt))}`
  return [
    `  told        ${ago(notice.at, now)}: ${printable(notice.title, 120)} (${printable(notice.reason)}) ${state}${next}`,
    ...attempts.map(
      (attempt) =>
        `                ${ago(attempt.at, now)} ${printable(attempt.result)} ${printable(attempt.answer, 200)}`,
    ),
  ]
}

const ago = (at: Timestamp, now: Timestamp): string => `${readableDuration(between(at, now))} ago`
