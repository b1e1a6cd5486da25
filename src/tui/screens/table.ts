// One table: one time axis, its budget of lateness, cost, writers, files and partitions by size, upkeep, schema changes.
import { aboutOf, alertState } from '../alert-health.ts'
import { type Alert, type Commit, type Table, alerts, commitsOf, tableDues, tableOf } from '../answers.ts'
import { type TableDetail, tableDetail } from '../details.ts'
import { type Line, fit, line, span, wrap } from '../line.ts'
import { runHealth, tookUntil } from '../run-health.ts'
import type { Look, PageScreen } from '../screen.ts'
import { GLYPH, TONE } from '../state.ts'
import { dueOf, tableHealth } from '../table-health.ts'
import { UNKNOWN, age, count, due, length, moment, size } from '../words.ts'
import { timeAxis } from './table-axis.ts'
import { budget, costs } from './table-budget.ts'
import { content, histogram, partitionsBySize, upkeep } from './table-files.ts'
import { LABEL, heading, said } from './table-words.ts'

const COMMITS_SHOWN = 20

export const tablePage: PageScreen = {
  kind: 'page',
  name: 'table',
  about:
    'a table: commits, runs and deadlines on one axis, lateness, cost, files, partitions, schema changes',
  tab: false,
  title: (subject) => subject.split('/').slice(-2).join('/'),
  feeds: (id) => [tableOf(id), commitsOf(id), tableDues, alerts, tableDetail(id)],
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
    const detail = get(tableDetail(subject))
    const about = (get(alerts) ?? []).filter(
      ({ labels }) => labels['table'] === table.table && labels['source'] === table.source,
    )
    return [
      ...identity(table, look, width),
      ...freshness(table, look),
      ...timeAxis(
        {
          table,
          commits,
          detail,
          due: dueOf(get, table.source, table.table),
          alertsFrom: about.map(({ startsAt }) => startsAt),
          now: look.now,
        },
        width,
      ),
      ...firing(about, look),
      ...budget(detail?.onTime ?? []),
      ...(detail === undefined ? [] : costs(detail.cost, width)),
      ...written(detail, look),
      ...content(table),
      ...histogram(table, width),
      ...partitionsBySize(table, detail?.partitions ?? null, width),
      ...upkeep(table, look, width),
      ...schemaChanges(table, look),
      ...recent(commits, look),
      ...columns(table),
    ]
  },
}

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

/** Who writes it, as lineage tells, and how their newest runs went. */
function written(detail: TableDetail | undefined, { now }: Look): Line[] {
  const writers = detail?.writers ?? []
  if (writers.length === 0) return []
  return [
    ...heading('Written by'),
    ...writers.map(({ pipeline, job, runs }) => {
      const newest = runs.toSorted((a, b) => b.at - a.at)[0]
      if (newest === undefined) return line(span(fit(UNKNOWN, LABEL), 'dim'), pipeline ?? job)
      const { state, word } = runHealth(newest)
      return line(
        span(fit(`${GLYPH[state]} ${word}`, LABEL), TONE[state]),
        `${pipeline ?? job}`,
        span(
          `  ${age(newest.at, now)} ago, took ${length(tookUntil(newest, now))}, ${count(runs.length)} runs in 30 d`,
          'dim',
        ),
      )
    }),
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
