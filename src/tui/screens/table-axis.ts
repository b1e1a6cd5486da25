// One time axis: commits by size, upkeep, the runs that wrote, when it was due and late, and when alerts fired.
import { type Timestamp, between, millis, plus, timestamp } from '../../model/units.ts'
import { type Commit, type Table } from '../answers.ts'
import { type Axis, type Mark, axisLabels, bars, marks, stretches } from '../charts.ts'
import type { OnTime, TableDetail, Writer } from '../details.ts'
import { type Line, type Span, fit, line, span } from '../line.ts'
import { runState } from '../run-health.ts'
import { TONE } from '../state.ts'
import { LABEL, heading } from './table-words.ts'

const MAX_AXIS = 120
/** Pipelines with a line of their own. */
const WRITERS = 3
/** Kept deadlines are drawn where there are no more than one in so many cells: freshness sets one at each commit. */
const CELLS_A_DUE = 4

export interface Timed {
  readonly table: Table
  readonly commits: readonly Commit[]
  readonly detail: TableDetail | undefined
  /** Still to come, or passed and not met. */
  readonly due: { readonly warn: Timestamp | null; readonly error: Timestamp | null }
  /** When alerts that fire now began. */
  readonly alertsFrom: readonly Timestamp[]
  readonly now: Timestamp
}

/** The past that the commits cover; of the future as much as a due time needs, a third at most. */
export function axisOf(
  times: readonly Timestamp[],
  dues: readonly Timestamp[],
  now: Timestamp,
  width: number,
): Axis | null {
  const oldest = Math.min(...times, now)
  if (oldest === now) return null
  const past = between(timestamp(oldest), now)
  const most = plus(now, millis(past / 2))
  const to = Math.min(most, Math.max(now, ...dues.map((at) => plus(at, millis(past / 50)))))
  return { from: timestamp(oldest), to: timestamp(to), width }
}

export function timeAxis(timed: Timed, width: number): Line[] {
  const { commits, detail, due, now } = timed
  const axis = axisOf(
    commits.map(({ at }) => at),
    [due.warn, due.error].filter((at) => at !== null),
    now,
    Math.min(MAX_AXIS, width - LABEL - 1),
  )
  if (axis === null) return []
  const changes = commits.filter(({ changesData }) => changesData)
  const sizes = changes.map(({ at, bytesAdded, rowsAdded }) => ({ at, size: bytesAdded ?? rowsAdded ?? 1 }))
  const rows: ReadonlyArray<readonly [string, Line]> = [
    ['change', line(span(bars(axis, sizes), 'accent'))],
    ['upkeep', marks(axis, upkeepMarks(timed))],
    ...(detail?.writers ?? [])
      .filter(({ runs }) => runs.length > 0)
      .slice(0, WRITERS)
      .map((writer) => [writer.pipeline ?? writer.job, runsOf(writer, axis, now)] as const),
    ['due', marks(axis, dueMarks(timed, axis))],
    ['late', lateness(detail?.onTime ?? [], axis)],
    ['alerts', alertsOf(timed, axis)],
  ]
  const drawn = rows.filter(([, { spans }]) => spans.some(({ text }) => text.trim() !== ''))
  return [
    ...heading(`Commits, ${changes.length} that changed data of ${commits.length} known`),
    ...drawn.map(([name, { spans }]) => line(span(fit(name, LABEL - 1), 'dim'), ' ', ...spans)),
    line(span(fit('', LABEL)), ...axisLabels(axis).spans),
    line(span(fit('', LABEL)), legend(drawn.map(([, drawing]) => drawing))),
  ]
}

const SIGNS: ReadonlyArray<readonly [sign: string, means: string]> = [
  ['·', 'maintenance'],
  ['s', 'schema changed'],
  ['■', 'a run of what writes it'],
  ['│', 'now'],
  ['▲', 'due'],
  ['✖', 'overdue'],
  ['△', 'was due'],
]

function legend(drawn: readonly Line[]): Span {
  const used = new Set(drawn.flatMap(({ spans }) => spans.map(({ text }) => text)))
  const signs = SIGNS.filter(([sign]) => used.has(sign)).map((sign) => sign.join(' '))
  return span(signs.join('  '), 'dim')
}

const upkeepMarks = ({ commits, table }: Timed): Mark[] => [
  ...commits
    .filter(({ changesData }) => !changesData)
    .map(({ at }) => ({ at, sign: '·', tone: 'dim' as const })),
  ...table.schemaChanges.map(({ at }) => ({ at, sign: 's', tone: 'warn' as const })),
]

/** Lineage tells who writes it, not which run wrote which commit: what is above each other belongs together. */
const runsOf = ({ runs }: Writer, axis: Axis, now: Timestamp): Line =>
  stretches(
    axis,
    // The newest is drawn last: it covers the others of its cell.
    runs
      .toSorted((a, b) => a.at - b.at)
      .map(({ state, at, startedAt, endedAt }) => ({
        from: startedAt ?? at,
        to: endedAt ?? (startedAt === null ? at : now),
        tone: state === 'success' ? ('ok' as const) : TONE[runState(state)],
      })),
    '■',
  )

function dueMarks({ detail, due: { warn, error }, now }: Timed, axis: Axis): Mark[] {
  const past = (detail?.onTime ?? []).flatMap(({ dues }) => dues.filter((at) => at < now && at >= axis.from))
  const kept = past.length * CELLS_A_DUE <= axis.width ? past : []
  return [
    ...kept.map((at) => ({ at, sign: '△', tone: 'dim' as const })),
    ...(detail?.onTime ?? []).flatMap(({ severity, lateSpans }) =>
      lateSpans.map(({ from }) => dueMark(severity, from)),
    ),
    { at: now, sign: '│', tone: 'accent' as const },
    ...(warn === null ? [] : [dueMark('warn', warn)]),
    ...(error === null ? [] : [dueMark('error', error)]),
  ].filter(({ at }) => at >= axis.from)
}

const dueMark = (severity: string, at: Timestamp): Mark =>
  severity === 'warn' ? { at, sign: '▲', tone: 'warn' } : { at, sign: '✖', tone: 'bad' }

/** Warnings first: what is overdue covers them. */
const lateness = (onTime: readonly OnTime[], axis: Axis): Line =>
  stretches(
    axis,
    onTime
      .toSorted((a, b) => Number(a.severity !== 'warn') - Number(b.severity !== 'warn'))
      .flatMap(({ severity, lateSpans }) =>
        lateSpans.map((one) => ({
          ...one,
          tone: severity === 'warn' ? ('warn' as const) : ('bad' as const),
        })),
      ),
  )

const alertsOf = ({ detail, alertsFrom, now }: Timed, axis: Axis): Line =>
  stretches(
    axis,
    [
      ...alertsFrom.map((from) => ({ from, to: now, tone: 'bad' as const })),
      ...(detail?.alerts ?? []).map(({ from, to, severity }) => ({
        from,
        to,
        tone: severity.startsWith('warn') ? ('warn' as const) : ('bad' as const),
      })),
    ],
    '!',
  )
