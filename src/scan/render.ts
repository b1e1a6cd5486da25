// A scan as text: one summary line a table, then what there is to know of each.
import { type TableFact, type Known } from '../model/facts.ts'
import type { Skipping } from '../model/skipping.ts'
import { printable } from '../model/text.ts'
import {
  type Bytes,
  type Timestamp,
  between,
  readableBytes,
  readableCount,
  readableDuration,
} from '../model/units.ts'
import type { ProblemReport } from './report.ts'

export interface Style {
  /** Wraps text in a terminal style; the plain style returns it as it is. */
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly warn: (text: string) => string
}

const UNKNOWN = 'unknown'
const orUnknown = <T>(value: Known<T> | undefined, print: (value: T) => string): string =>
  value === null || value === undefined ? UNKNOWN : print(value)
const percent = (share: number): string => `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`
const size = (bytes: Known<Bytes> | undefined): string => orUnknown(bytes, readableBytes)
const when = (at: Timestamp, now: Timestamp): string =>
  `${readableDuration(between(at, now))} ago (${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC)`

const COLUMNS: ReadonlyArray<{
  readonly title: string
  readonly right?: boolean
  readonly text: (table: TableFact, now: Timestamp) => string
}> = [
  { title: 'TABLE', text: (t) => printable(t.table, 48) },
  { title: 'FORMAT', text: (t) => t.format },
  {
    title: 'LAST CHANGE',
    right: true,
    text: (t, now) => orUnknown(t.lastChange, ({ at }) => readableDuration(between(at, now))),
  },
  { title: 'ROWS', right: true, text: (t) => orUnknown(t.rows, readableCount) },
  { title: 'FILES', right: true, text: (t) => orUnknown(t.files, readableCount) },
  { title: 'SIZE', right: true, text: (t) => size(t.bytes) },
  {
    title: 'SMALL',
    right: true,
    text: (t) => orUnknown(t.fileSizes, (f) => (t.files ? percent(f.small / t.files) : '-')),
  },
  { title: 'DELETED', right: true, text: (t) => orUnknown(t.deletes?.share, percent) },
  {
    title: 'PARTITIONS',
    right: true,
    text: (t) => orUnknown(t.partitions, (p) => (p.columns.length === 0 ? '-' : readableCount(p.count))),
  },
  { title: 'RECLAIMABLE', right: true, text: (t) => size(t.reclaimable?.bytes) },
]

/** One line a table, columns as wide as their widest cell. */
export function renderSummary(tables: readonly TableFact[], now: Timestamp, style: Style): string {
  const rows = tables.map((table) => COLUMNS.map((column) => column.text(table, now)))
  const widths = COLUMNS.map((column, i) =>
    Math.max(column.title.length, ...rows.map((row) => row[i]!.length)),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (COLUMNS[i]!.right ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd()
  return [style.bold(line(COLUMNS.map(({ title }) => title))), ...rows.map(line)].join('\n')
}

/** Everything worth reading about one table, a line a subject. */
export function renderTable(table: TableFact, now: Timestamp, style: Style): string {
  const lines = [
    ...freshness(table, now),
    ...content(table),
    ...layout(table),
    ...history(table, now),
    ...schema(table, now),
  ]
  const width = Math.max(...lines.map(([label]) => label.length))
  const body = lines.map(([label, text]) => `  ${style.dim(label.padEnd(width))}  ${text}`)
  const version = table.version === null ? 'no snapshot yet' : `version ${table.version}`
  const format = [table.format, table.formatVersion].filter(Boolean).join(' ')
  return [
    `${style.bold(printable(table.table))}  ${printable(format)}, ${printable(version)}`,
    ...body,
    ...table.partial.map((reason) => `  ${style.warn('partly known')}  ${printable(reason)}`),
  ].join('\n')
}

type Line = readonly [label: string, text: string]

function freshness(table: TableFact, now: Timestamp): Line[] {
  const { lastChange, lastCommit, eventTime } = table
  const lines: Line[] = [
    [
      'last change',
      orUnknown(lastChange, (ref) => `${when(ref.at, now)} by ${printable(ref.operation, 60)}`),
    ],
  ]
  if (lastCommit && lastCommit.version !== lastChange?.version) {
    lines.push([
      'last commit',
      `${when(lastCommit.at, now)} by ${printable(lastCommit.operation, 60)}, which changed no data`,
    ])
  }
  lines.push([
    'newest event',
    orUnknown(eventTime, (e) => `${when(e.newest, now)} in ${printable(e.column, 60)}`),
  ])
  return lines
}

function content(table: TableFact): Line[] {
  const { deletes } = table
  const exact = table.rows !== null && table.rowsExactness !== 'exact' ? ` (${table.rowsExactness})` : ''
  const lines: Line[] = [['rows', `${orUnknown(table.rows, readableCount)}${exact}`]]
  if (deletes && (deletes.files > 0 || deletes.deletionVectors > 0)) {
    const parts = [
      `${orUnknown(deletes.rows, readableCount)} rows${deletes.share === null ? '' : `, ${percent(deletes.share)} of what is stored`}`,
      `${readableCount(deletes.deletionVectors)} deletion vectors`,
      `${readableCount(deletes.files)} delete files${deletes.equalityFiles > 0 ? ` (${deletes.equalityFiles} by equality)` : ''}`,
    ]
    lines.push(['deleted, stored', parts.join('; ')])
  }
  return lines
}

function layout(table: TableFact): Line[] {
  const { fileSizes, partitions } = table
  const lines: Line[] = [['files', `${orUnknown(table.files, readableCount)}, ${size(table.bytes)}`]]
  if (fileSizes) {
    const { small, inRange, large, median, smallBelow, largeAbove, targetFrom } = fileSizes
    lines.push([
      'file sizes',
      `${readableCount(small)} small (< ${readableBytes(smallBelow)}), ${readableCount(inRange)} in range, ` +
        `${readableCount(large)} too large (> ${readableBytes(largeAbove)}); median ${size(median)}; judged by ${printable(targetFrom, 80)}`,
    ])
  }
  if (partitions && partitions.columns.length > 0) {
    lines.push([
      'partitions',
      `${readableCount(partitions.count)} by ${printable(partitions.columns.join(', '), 120)}; median ${size(partitions.medianBytes)}, ` +
        `largest ${size(partitions.largestBytes)} (${printable(partitions.largest, 60)}), skew ${partitions.skew.toFixed(1)}, ` +
        `${percent(partitions.belowGib)} below 1 GiB`,
    ])
  } else if (partitions) lines.push(['partitions', 'none'])
  const order: ReadonlyArray<readonly [string, readonly string[]]> = [
    ['clustering', table.clustering],
    ['z-order', table.zOrder],
    ['sort order', table.sortOrder],
  ]
  for (const [label, columns] of order)
    if (columns.length > 0) lines.push([label, printable(columns.join(', '), 200)])
  if (table.layout?.skipping) lines.push(['skipping', skipping(table.layout.skipping)])
  return lines
}

const SHOWN_SKIPPING = 4

/** By column: how many files hold a value of it, and what of the table a filter by it reads. */
function skipping({ files, of, columns }: Skipping): string {
  const shown = columns.slice(0, SHOWN_SKIPPING).map(({ column, depth, now, sorted }) => {
    const depths = depth.average < 10 ? depth.average.toFixed(1) : readableCount(Math.round(depth.average))
    const better = sorted.equality < now.equality ? `, ${percent(sorted.equality)} if sorted` : ''
    return `${printable(column, 60)} ${depths} files deep, a value reads ${percent(now.equality)}${better}`
  })
  const more = columns.length - shown.length
  const sample = files < of ? `; from a sample of ${readableCount(files)} files` : ''
  return `${shown.join('; ')}${more > 0 ? `; and ${more} more columns` : ''}${sample}`
}

function history(table: TableFact, now: Timestamp): Line[] {
  const { reclaimable } = table
  const kept = orUnknown(table.snapshots, readableCount)
  const maintenance: ReadonlyArray<readonly [string, Known<Timestamp>]> = [
    ['compaction', table.lastCompaction],
    ['vacuum', table.lastVacuum],
    ['expiry', table.lastExpiry],
  ]
  return [
    [
      'versions kept',
      `${kept}${table.oldestSnapshot === null ? '' : `, the oldest ${when(table.oldestSnapshot, now)}`}`,
    ],
    [
      'reclaimable',
      reclaimable === null
        ? UNKNOWN
        : `${size(reclaimable.bytes)} (${reclaimable.exactness}: ${printable(reclaimable.how, 200)})`,
    ],
    [
      'last upkeep',
      maintenance
        .map(([what, at]) => `${what} ${at === null ? 'none in the kept history' : when(at, now)}`)
        .join('; '),
    ],
  ]
}

const SHOWN_COLUMNS = 12
const SHOWN_CHANGES = 5

function schema(table: TableFact, now: Timestamp): Line[] {
  const shown = table.columns.slice(0, SHOWN_COLUMNS).map((column) => `${column.name} ${column.type}`)
  const more = table.columns.length - shown.length
  const lines: Line[] = [
    ['schema', `${printable(shown.join(', '), 600)}${more > 0 ? `, and ${more} more` : ''}`],
  ]
  const changes = table.schemaChanges.slice(-SHOWN_CHANGES)
  if (changes.length > 0) {
    const text = changes.map((c) => {
      const detail = c.from !== null && c.to !== null ? ` (${c.from} → ${c.to})` : ''
      return `${c.column} ${c.change}${detail} ${readableDuration(between(c.at, now))} ago`
    })
    const earlier = table.schemaChanges.length - changes.length
    lines.push([
      'schema changes',
      `${printable(text.join('; '), 600)}${earlier > 0 ? `; and ${earlier} earlier` : ''}`,
    ])
  }
  return lines
}

export const renderProblem = (problem: ProblemReport, style: Style): string =>
  `${style.warn(`✖ ${problem.reason}`)}  ${printable(problem.location)}\n  ${printable(problem.message, 1_000)}`
