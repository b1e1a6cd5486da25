// The engines' own statements for a table. Names come from outside: each is quoted by its language's rules.
import type { Change } from '../../model/advice.ts'
import type { TableFact } from '../../model/facts.ts'
import { printable } from '../../model/text.ts'
import type { Timestamp } from '../../model/units.ts'

type OtherForms = Change['otherForms']

export interface Statement {
  readonly sql: string
  readonly otherForms: OtherForms
  /** What the reader has to fill in or check. */
  readonly preconditions: readonly string[]
}

const PRINTED = 1_000
const backticked = (name: string): string => `\`${printable(name, PRINTED).replaceAll('`', '``')}\``
/** Of Spark: two strings side by side are one, so that a quote is escaped and not doubled. */
const quoted = (text: string): string => `'${printable(text, PRINTED).replaceAll(/[\\']/g, '\\$&')}'`
const trinoQuoted = (text: string): string => `'${printable(text, PRINTED).replaceAll("'", "''")}'`
const double = (name: string): string => `"${printable(name, PRINTED).replaceAll('"', '""')}"`

/** Where engines find it: local tables by their path, S3 tables by bucket and key. */
const pathOf = ({ namespace, name }: TableFact): string =>
  namespace === 'file' ? name : `${namespace}/${name}`

/** Delta tables are found by their path; Iceberg ones have a name in a catalog, which metadata does not tell. */
export function sparkName(table: TableFact): string {
  if (table.format === 'delta') return `delta.${backticked(pathOf(table))}`
  return `my_catalog.${nameParts(table).map(backticked).join('.')}`
}
const nameParts = (table: TableFact): string[] => table.table.split('/').slice(-2)
const icebergName = (table: TableFact): string => quoted(nameParts(table).join('.'))

const ICEBERG_NAME =
  'my_catalog and the name of the table are as its folder suggests: metadata does not tell how your catalog calls it'
const named = (table: TableFact): readonly string[] => (table.format === 'iceberg' ? [ICEBERG_NAME] : [])

const trinoName = (table: TableFact): string => nameParts(table).map(double).join('.')

/** Rewrites small files, in `where` only where it is given; keeps a Z-order that the table has. */
export function compact(table: TableFact, where: string | null = null): Statement {
  if (table.format === 'delta') {
    const order = table.zOrder.length > 0 ? ` ZORDER BY (${quotedList(table.zOrder)})` : ''
    const only = where === null ? '' : ` WHERE ${where}`
    const path = JSON.stringify(printable(pathOf(table), PRINTED))
    const z = table.zOrder.length > 0 ? `z_order(${JSON.stringify(table.zOrder)})` : 'compact()'
    return {
      sql: `OPTIMIZE ${sparkName(table)}${only}${order};`,
      otherForms: [{ format: 'text', text: `deltalake (Python): DeltaTable(${path}).optimize.${z}` }],
      preconditions: [],
    }
  }
  const only = where === null ? '' : `, where => ${quoted(where)}`
  const sorted = table.sortOrder.length > 0
  const strategy = sorted ? `, strategy => 'sort'` : ''
  return {
    sql: `CALL my_catalog.system.rewrite_data_files(table => ${icebergName(table)}${strategy}${only});`,
    otherForms: [
      { format: 'sql', text: `Athena: OPTIMIZE ${trinoName(table)} REWRITE DATA USING BIN_PACK;` },
      { format: 'sql', text: `Trino: ALTER TABLE ${trinoName(table)} EXECUTE optimize;` },
    ],
    preconditions: named(table),
  }
}

export interface ClusterStatement extends Statement {
  /** What the table is ordered by now, in the words that would say it. */
  readonly before: string | null
  readonly undo: readonly string[]
  /** What it takes to keep the table so. */
  readonly upkeep: readonly string[]
}

/** Orders the table by columns: liquid clustering where it has it, else a Z-order; a sort order in Iceberg. */
export function clusterBy(table: TableFact, columns: readonly string[]): ClusterStatement {
  return table.format === 'iceberg' ? sortBy(table, columns) : clusterDelta(table, columns)
}

/** A nested column is named by its path. */
const pathed = (column: string): string => column.split('.').map(backticked).join('.')
const quotedList = (columns: readonly string[]): string => columns.map(pathed).join(', ')
/** As sort orders spell it: quoted only where it must be. */
const spelled = (column: string): string =>
  /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(column) ? column : pathed(column)
/** Delta's liquid clustering takes at most so many columns. */
const MAX_CLUSTERING = 4

function clusterDelta(table: TableFact, columns: readonly string[]): ClusterStatement {
  const name = sparkName(table)
  const path = JSON.stringify(printable(pathOf(table), PRINTED))
  const now = table.clustering
  if (now.length > 0) {
    const wanted = [...columns, ...now.filter((column) => !columns.includes(column))].slice(0, MAX_CLUSTERING)
    const same = wanted.every((column) => now.includes(column))
    return {
      sql: [
        ...(same ? [] : [`ALTER TABLE ${name} CLUSTER BY (${quotedList(wanted)});`]),
        `OPTIMIZE ${name} FULL;`,
      ].join('\n'),
      otherForms: [],
      preconditions: [
        'OPTIMIZE … FULL needs Delta 3.3 or Databricks Runtime 16; before that OPTIMIZE clusters new files only',
      ],
      before: `CLUSTER BY (${quotedList(now)})`,
      undo: same ? [] : [`ALTER TABLE ${name} CLUSTER BY (${quotedList(now)});`],
      upkeep: ['OPTIMIZE, as often as before, clusters what is written'],
    }
  }
  const liquid = `ALTER TABLE ${name} CLUSTER BY (${quotedList(columns)});\nOPTIMIZE ${name} FULL;`
  const partitioned = (table.partitions?.columns.length ?? 0) > 0
  return {
    sql: `OPTIMIZE ${name} ZORDER BY (${quotedList(columns)});`,
    otherForms: [
      // Liquid clustering and partitions exclude each other.
      ...(partitioned
        ? []
        : [
            {
              format: 'sql',
              text: `Liquid clustering (Delta 3.3 or Databricks; older readers cannot read it): ${liquid}`,
            } as const,
          ]),
      {
        format: 'text',
        text: `deltalake (Python): DeltaTable(${path}).optimize.z_order(${JSON.stringify(columns)})`,
      },
    ],
    preconditions: [
      'each of these columns has statistics: delta.dataSkippingNumIndexedCols or …StatsColumns covers it',
    ],
    before: table.zOrder.length > 0 ? `ZORDER BY (${quotedList(table.zOrder)})` : null,
    undo: [],
    upkeep: [
      `what is written later is not in order: Z-order it again${partitioned ? ', WHERE it is new' : ''}, as often as it pays`,
    ],
  }
}

function sortBy(table: TableFact, columns: readonly string[]): ClusterStatement {
  const name = sparkName(table)
  const [only, ...others] = columns
  const order =
    others.length > 0 ? `zorder(${columns.map(spelled).join(', ')})` : `${spelled(only ?? '')} ASC NULLS LAST`
  const rewrite = `CALL my_catalog.system.rewrite_data_files(table => ${icebergName(table)}, strategy => 'sort', sort_order => ${quoted(order)}, options => map('rewrite-all', 'true'));`
  const fields = table.sortOrder.map((field) => {
    const column = field.replace(/ desc$/, '')
    return `${transform(column)}${column === field ? '' : ' DESC'}`
  })
  const isOrdered = others.length > 0 || table.sortOrder[0] === only
  return {
    sql: [
      ...(isOrdered ? [] : [`ALTER TABLE ${name} WRITE ORDERED BY ${quotedList(columns)};`]),
      rewrite,
    ].join('\n'),
    otherForms: isOrdered
      ? []
      : [
          {
            format: 'sql',
            text: `Trino: ALTER TABLE ${trinoName(table)} SET PROPERTIES sorted_by = ARRAY[${trinoQuoted(only ?? '')}];`,
          },
        ],
    preconditions: named(table),
    before: fields.length > 0 ? `WRITE ORDERED BY ${fields.join(', ')}` : null,
    undo: isOrdered
      ? []
      : [
          `ALTER TABLE ${name} ${fields.length > 0 ? `WRITE ORDERED BY ${fields.join(', ')}` : 'WRITE UNORDERED'};`,
        ],
    upkeep:
      others.length > 0
        ? ['what is written later is not in order: rewrite it again, where => it is new, as often as it pays']
        : [
            'writers sort what they write and take longer; files of different writes overlap until they are rewritten',
          ],
  }
}

export function purgeDeletes(table: TableFact): Statement {
  if (table.format === 'delta') {
    return {
      sql: `REORG TABLE ${sparkName(table)} APPLY (PURGE);`,
      otherForms: [],
      preconditions: [
        'REORG … APPLY (PURGE) needs Delta 2.3 or Databricks; elsewhere OPTIMIZE rewrites the files',
      ],
    }
  }
  const name = icebergName(table)
  return {
    sql: [
      `CALL my_catalog.system.rewrite_data_files(table => ${name}, options => map('delete-file-threshold', '1'));`,
      `CALL my_catalog.system.rewrite_position_delete_files(table => ${name});`,
    ].join('\n'),
    otherForms: [],
    preconditions: named(table),
  }
}

export function vacuum(table: TableFact, keep: { readonly hours: number }): Statement {
  const path = JSON.stringify(printable(pathOf(table), PRINTED))
  return {
    sql: `VACUUM ${sparkName(table)} RETAIN ${keep.hours} HOURS;`,
    otherForms: [
      {
        format: 'text',
        text: `deltalake (Python): DeltaTable(${path}).vacuum(${keep.hours}, dry_run=False)`,
      },
    ],
    preconditions: [
      `VACUUM ${sparkName(table)} RETAIN ${keep.hours} HOURS DRY RUN; lists what would go`,
      'no reader needs a version older than that, and no writer runs longer than that',
    ],
  }
}

/** Arguments are literals (iceberg#16057) and a date would age: without one Iceberg keeps what the table asks for, by default five days. */
export function expireSnapshots(
  table: TableFact,
  keep: { readonly days: number; readonly least: number },
): Statement {
  const name = icebergName(table)
  return {
    sql: `CALL my_catalog.system.expire_snapshots(table => ${name}, retain_last => ${keep.least});`,
    otherForms: [
      { format: 'sql', text: `Athena: VACUUM ${trinoName(table)};` },
      {
        format: 'sql',
        text: `Trino: ALTER TABLE ${trinoName(table)} EXECUTE expire_snapshots(retention_threshold => '${keep.days}d');`,
      },
    ],
    preconditions: [...named(table), `nothing reads a snapshot older than ${keep.days} days by its id`],
  }
}

/** The dry run lists what would go; the second statement deletes it. */
export function removeOrphans(table: TableFact, olderThan: Timestamp): Statement {
  const before = new Date(olderThan).toISOString().slice(0, 19).replace('T', ' ')
  const call = (dryRun: boolean) =>
    `CALL my_catalog.system.remove_orphan_files(table => ${icebergName(table)}, older_than => TIMESTAMP '${before}', dry_run => ${dryRun});`
  return {
    sql: `${call(true)}\n-- when nothing in this list is anybody's:\n${call(false)}`,
    otherForms: [
      { format: 'sql', text: `Athena: VACUUM ${trinoName(table)}; -- expires snapshots too` },
      {
        format: 'sql',
        text: `Trino: ALTER TABLE ${trinoName(table)} EXECUTE remove_orphan_files(retention_threshold => '7d');`,
      },
    ],
    preconditions: [
      ...named(table),
      'the session runs in UTC, or older_than is written in its time zone',
      'no write that is still running began before older_than',
      'the catalog has no newer metadata than the files in the metadata folder show',
    ],
  }
}

/** Undefined where a property was not set before: it is taken away again. */
export function setProperties(
  table: TableFact,
  wanted: Readonly<Record<string, string>>,
): { readonly apply: Statement; readonly undo: string } {
  const name = sparkName(table)
  const pairs = Object.entries(wanted).map(([key, value]) => `${quoted(key)} = ${quoted(value)}`)
  const before = Object.keys(wanted).flatMap((key) => {
    const value = table.properties[key]
    return value === undefined ? [] : [`${quoted(key)} = ${quoted(value)}`]
  })
  const added = Object.keys(wanted).filter((key) => table.properties[key] === undefined)
  return {
    apply: {
      sql: `ALTER TABLE ${name} SET TBLPROPERTIES (${pairs.join(', ')});`,
      otherForms: [],
      preconditions: named(table),
    },
    undo: [
      ...(before.length > 0 ? [`ALTER TABLE ${name} SET TBLPROPERTIES (${before.join(', ')});`] : []),
      ...(added.length > 0
        ? [`ALTER TABLE ${name} UNSET TBLPROPERTIES (${added.map(quoted).join(', ')});`]
        : []),
    ].join('\n'),
  }
}

/** Iceberg: another number of buckets; what is there keeps its own until it is rewritten. */
export function rebucket(
  table: TableFact,
  from: string,
  to: string,
): { readonly apply: Statement; readonly undo: string } {
  const replace = (before: string, after: string): string =>
    `ALTER TABLE ${sparkName(table)} REPLACE PARTITION FIELD ${transform(before)} WITH ${transform(after)};`
  const rewrite = `CALL my_catalog.system.rewrite_data_files(table => ${icebergName(table)}, options => map('rewrite-all', 'true'));`
  return {
    apply: {
      sql: `${replace(from, to)}\n-- data that is there keeps its old buckets until it is rewritten:\n${rewrite}`,
      otherForms: [],
      preconditions: named(table),
    },
    undo: replace(to, from),
  }
}

export interface Repartition {
  /** Delta: a column, and that column with `_day`, `_month` or `_year` behind it. Null: no longer by it. */
  readonly from: string
  readonly to: string | null
  /** The other partition columns: Delta clusters by them where it has no partitions any more. */
  readonly cluster: readonly string[]
}

/** Iceberg changes its spec in metadata; Delta writes the table again. */
export function repartition(table: TableFact, change: Repartition): Statement {
  const name = sparkName(table)
  if (table.format === 'iceberg') {
    const sql =
      change.to === null
        ? `ALTER TABLE ${name} DROP PARTITION FIELD ${transform(change.from)};`
        : `ALTER TABLE ${name} REPLACE PARTITION FIELD ${transform(change.from)} WITH ${transform(change.to)};`
    return {
      sql: `${sql}\n-- data that is there keeps its old partitions until it is rewritten:\n${compact(table).sql}`,
      otherForms: [],
      preconditions: named(table),
    }
  }
  const list = (columns: readonly string[]): string => columns.map(backticked).join(', ')
  const layout =
    change.to !== null
      ? `PARTITIONED BY (${list([change.to, ...change.cluster])})`
      : change.cluster.length > 0
        ? `CLUSTER BY (${list(change.cluster)})`
        : ''
  const unit = change.to?.slice(change.from.length + 1)
  const made =
    change.to === null
      ? ''
      : `, CAST(date_trunc('${unit}', ${backticked(change.from)}) AS DATE) AS ${backticked(change.to)}`
  return {
    sql: `CREATE OR REPLACE TABLE ${name} USING DELTA ${layout}\n  AS SELECT *${made} FROM ${name};`,
    otherForms: [],
    preconditions: [
      'writers are stopped meanwhile: the table is written again as a whole',
      'properties and constraints of the table are set again afterwards: a replaced table has none',
      ...(change.to === null ? [] : [`writers fill ${printable(change.to)} from then on`]),
      ...(layout.startsWith('CLUSTER') ? ['CLUSTER BY needs Delta 3.1 or Databricks'] : []),
    ],
  }
}

/** Of Iceberg; Delta restores the version before. */
export function undoRepartition(table: TableFact, { from, to }: Repartition): string {
  const name = sparkName(table)
  return to === null
    ? `ALTER TABLE ${name} ADD PARTITION FIELD ${transform(from)};`
    : `ALTER TABLE ${name} REPLACE PARTITION FIELD ${transform(to)} WITH ${transform(from)};`
}

/** `day(ts)` → `day(`ts`)`; a plain column is quoted as it is. */
function transform(field: string): string {
  const [, name, argument] = /^(\w+)\((.*)\)$/.exec(field) ?? []
  if (name === undefined || argument === undefined) return backticked(field)
  const parts = argument.split(',').map((part) => part.trim())
  return `${name}(${parts.map((part) => (/^\d+$/.test(part) ? part : backticked(part))).join(', ')})`
}
