// One table: one time axis of commits and due times, files by size, partitions, upkeep, schema changes.
import { type Timestamp, between, bytes, millis, plus, timestamp } from '../../model/units.ts'
import { aboutOf, alertState } from '../alert-health.ts'
import { type Alert, type Commit, type Table, alerts, commitsOf, tableDues, tableOf } from '../answers.ts'
import { type Axis, axisLabels, bar, bars, marks } from '../charts.ts'
import { EMPTY, type Line, fit, line, span, wrap } from '../line.ts'
import type { Look, PageScreen } from '../screen.ts'
import { GLYPH, TONE } from '../state.ts'
import { dueOf, tableHealth } from '../table-health.ts'
import { age, count, due, moment, size } from '../words.ts'

const LABEL = 12
const COMMITS_SHOWN = 20
const MAX_AXIS = 120

export const tablePage: PageScreen = {
  kind: 'page',
  name: 'table',
  about: 'a table: its commits and due times on one axis, files, partitions, schema changes',
  tab: false,
  title: (subject) => subject.split('/').slice(-2).join('/'),
  feeds: (id) => [tableOf(id), commitsOf(id), tableDues, alerts],
  ways: ({ subject }) => ({
    upstream: { screen: 'upstream', subject },
    downstream: { screen: 'downstream', subject },
    changes: { screen: 'changes', subject },
  }),
  health(look) {
    const table = look.get(tableOf(look.subject))
    return table === undefined
      ? 'unknown'
      : tableHealth(table, dueOf(look.get, table.source, table.table), look.now).state
  },
  lines(look, width) {
    const { get, subject } = look
    const table = get(tableOf(subject))
    if (table === undefined)
      return get(alerts) && get(commitsOf(subject)) ? [line('This table is not known.')] : undefined
    const commits = get(commitsOf(subject)) ?? []
    const about = (get(alerts) ?? []).filter(
      ({ labels }) => labels['table'] === table.table && labels['source'] === table.source,
    )
    return [
      ...identity(table, look, width),
      ...freshness(table, look),
      ...timeAxis(table, commits, about, look, width),
      ...firing(about, look),
      ...content(table),
      ...histogram(table, width),
      ...upkeep(table, look, width),
      ...schemaChanges(table, look),
      ...recent(commits, look),
      ...columns(table),
    ]
  },
}

const said = (label: string, text: string): Line => line(span(fit(label, LABEL), 'dim'), text)
const heading = (text: string): Line[] => [EMPTY, line(span(text, 'title'))]

function identity(table: Table, { get, now }: Look, width: number): Line[] {
  const { state, word } = tableHealth(table, dueOf(get, table.source, table.table), now)
  const version = [table.format, table.formatVersion, table.version && `version ${table.version}`]
  return [
    line(
      span(`${GLYPH[state]} ${word}  `, TONE[state]),
      span(table.table, 'title'),
      span(`  ${version.filter(Boolean).join(', ')}`, 'dim'),
    ),
    line(
      span(`${table.location}, source ${table.source}, confirmed ${age(table.observedAt, now)} ago`, 'dim'),
    ),
    ...(table.problem === null ? [] : wrap(table.problem, width, 'bad')),
    ...table.partial.flatMap((why) => wrap(`${GLYPH.unknown} ${why}`, width, 'unknown')),
  ]
}

function freshness(table: Table, { get, now }: Look): Line[] {
  const { lastChange, lastCommit, eventTime } = table
  const deadlines = dueOf(get, table.source, table.table)
  const of = (commit: Table['lastCommit']): string =>
    commit === null ? 'never seen' : `${age(commit.at, now)} ago, ${moment(commit.at)}, ${commit.operation}`
  return [
    ...heading('Freshness'),
    said('changed', of(lastChange)),
    ...(lastCommit?.version === lastChange?.version ? [] : [said('committed', of(lastCommit))]),
    said(
      'event time',
      eventTime === null ? 'unknown' : `${age(eventTime.newest, now)} ago in ${eventTime.column}`,
    ),
    said(
      'due',
      deadlines.warn === null && deadlines.error === null
        ? 'no deadline is declared or learned'
        : [
            deadlines.warn === null ? '' : `${due(deadlines.warn, now)} (warning)`,
            deadlines.error === null ? '' : `${due(deadlines.error, now)} (error)`,
          ]
            .filter(Boolean)
            .join(', '),
    ),
  ]
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

function timeAxis(
  table: Table,
  commits: readonly Commit[],
  about: readonly Alert[],
  look: Look,
  width: number,
): Line[] {
  const { now, get } = look
  const { warn, error } = dueOf(get, table.source, table.table)
  const dues = [warn, error].filter((at) => at !== null)
  const changes = commits.filter(({ changesData }) => changesData)
  const axis = axisOf(
    commits.map(({ at }) => at),
    dues,
    now,
    Math.min(MAX_AXIS, width - LABEL - 1),
  )
  if (axis === null) return []
  const label = (name: string) => span(fit(name, LABEL), 'dim')
  return [
    ...heading(`Commits, ${changes.length} that changed data of ${commits.length} known`),
    line(
      label('change'),
      span(
        bars(
          axis,
          changes.map(({ at, bytesAdded, rowsAdded }) => ({ at, size: bytesAdded ?? rowsAdded ?? 1 })),
        ),
        'accent',
      ),
    ),
    line(
      label('marks'),
      ...marks(axis, [
        ...commits
          .filter(({ changesData }) => !changesData)
          .map(({ at }) => ({ at, sign: '·', tone: 'dim' as const })),
        ...table.schemaChanges.map(({ at }) => ({ at, sign: 's', tone: 'warn' as const })),
        { at: now, sign: '│', tone: 'accent' },
        ...(warn === null ? [] : [{ at: warn, sign: '▲', tone: 'warn' as const }]),
        ...(error === null ? [] : [{ at: error, sign: '✖', tone: 'bad' as const }]),
        ...about.map(({ startsAt }) => ({ at: startsAt, sign: '!', tone: 'bad' as const })),
      ]).spans,
    ),
    line(label(''), ...axisLabels(axis).spans),
    line(label(''), span('│ now  ▲ due  ✖ overdue  ! alert began  s schema changed  · maintenance', 'dim')),
  ]
}

function firing(about: readonly Alert[], { now }: Look): Line[] {
  if (about.length === 0) return []
  return [
    ...heading('Alerts'),
    ...about.map((alert) => {
      const { state, word } = alertState(alert)
      return line(
        span(fit(`${GLYPH[state]} ${word}`, LABEL), TONE[state]),
        `${alert.labels['alertname'] ?? ''} for ${age(alert.startsAt, now)}: ${alert.annotations['summary'] ?? aboutOf(alert)}`,
      )
    }),
  ]
}

function content({ rows, rowsExactness, files, bytes: total, deletes, partitions }: Table): Line[] {
  const share = deletes?.share == null ? '' : ` (${(deletes.share * 100).toPrecision(2)} %)`
  return [
    ...heading('Content'),
    said('rows', `${count(rows)}${rows === null ? '' : `, ${rowsExactness}`}`),
    said('files', `${count(files)} with ${size(total)}`),
    ...(deletes?.rows ? [said('deleted', `${count(deletes.rows)} rows${share} are still stored`)] : []),
    ...(partitions === null || partitions.columns.length === 0
      ? []
      : [
          said('partitions', `${count(partitions.count)} by ${partitions.columns.join(', ')}`),
          said(
            '',
            `median ${size(partitions.medianBytes)}, largest ${size(partitions.largestBytes)} (${partitions.largest}), ${partitions.skew.toFixed(1)} times the median`,
          ),
        ]),
  ]
}

const BAR_WIDTH = 40

function histogram({ fileSizes }: Table, width: number): Line[] {
  if (fileSizes === null) return []
  const { bounds, counts, target, small, large, median } = fileSizes
  const most = Math.max(...counts)
  const rows = counts.flatMap((files, i) => {
    if (files === 0) return []
    const bound = bounds[i]
    const name =
      bound == null || bound === Infinity
        ? `> ${size(bytes(bounds.at(i - 1) ?? 0))}`
        : `≤ ${size(bytes(bound))}`
    return [
      line(
        span(fit(name, LABEL), 'dim'),
        span(fit(bar(files, most, Math.min(BAR_WIDTH, width - LABEL - 10)), BAR_WIDTH + 1), 'accent'),
        count(files),
      ),
    ]
  })
  if (rows.length === 0) return []
  return [
    ...heading(
      `Files by size, target ${size(target)}, median ${size(median)}, ${count(small)} too small, ${count(large)} too large`,
    ),
    ...rows,
  ]
}

function upkeep(table: Table, { now }: Look, width: number): Line[] {
  const { snapshots, oldestSnapshot, reclaimable, lastCompaction, lastVacuum } = table
  const ago = (at: Timestamp | null): string =>
    at === null ? 'not in the kept history' : `${age(at, now)} ago`
  return [
    ...heading('Upkeep'),
    said('compacted', ago(lastCompaction)),
    said('vacuumed', ago(lastVacuum)),
    said('versions', `${count(snapshots)} can be read, the oldest ${age(oldestSnapshot, now)} old`),
    ...(reclaimable === null
      ? []
      : [
          said('reclaimable', `${size(reclaimable.bytes)}, ${reclaimable.exactness}`),
          ...wrap(reclaimable.how, width - LABEL, 'dim').map((one) => line(' '.repeat(LABEL), ...one.spans)),
        ]),
  ]
}

function schemaChanges({ schemaChanges: changes }: Table, { now }: Look): Line[] {
  if (changes.length === 0) return []
  return [
    ...heading('Schema changes'),
    ...changes
      .toSorted((a, b) => b.at - a.at)
      .map(({ at, version, change, column, from, to }) =>
        said(
          age(at, now),
          `${change} ${column}${from === null && to === null ? '' : `: ${from ?? '–'} → ${to ?? '–'}`}  (version ${version})`,
        ),
      ),
  ]
}

function recent(commits: readonly Commit[], { now }: Look): Line[] {
  if (commits.length === 0) return []
  const shown = commits.toSorted((a, b) => b.at - a.at).slice(0, COMMITS_SHOWN)
  return [
    ...heading(`Commits, the newest ${shown.length}`),
    ...shown.map((commit) =>
      line(
        span(fit(age(commit.at, now), LABEL), 'dim'),
        span(fit(commit.operation, 24), commit.changesData ? 'plain' : 'dim'),
        `  ${fit(`+${count(commit.rowsAdded)} −${count(commit.rowsRemoved)} rows`, 26)}  ${fit(`+${size(commit.bytesAdded)}`, 12)}`,
        span(`  version ${commit.version}${commit.engine === null ? '' : `, ${commit.engine}`}`, 'dim'),
      ),
    ),
  ]
}

function columns({ columns: all }: Table): Line[] {
  if (all.length === 0) return []
  return [
    ...heading(`Columns, ${count(all.length)}`),
    ...all.map(({ name, type, nullable }) =>
      line(span(fit(name, 32)), `  ${type}`, span(nullable ? '' : '  not null', 'dim')),
    ),
  ]
}
