// Lifecycle rules against the tables that live in a bucket: none may expire, or put out of reach, what a table needs.
// Stricter than trying every key: whatever a rule could reach below a table's folder counts as live.
import type { LifecycleRule } from '../../model/bucket.ts'
import type { TableFact } from '../../model/facts.ts'
import { isSynchronous } from './classes.ts'

export interface Violation {
  readonly rule: string
  readonly tableId: string
  readonly table: string
  /** `expires` or `puts out of reach`, and what. */
  readonly what: string
}

const METADATA: Readonly<Record<TableFact['format'], string>> = {
  delta: '_delta_log/',
  iceberg: 'metadata/',
  hudi: '.hoodie/',
  hive: '',
}

/** Folder of the table in its bucket, with a slash at its end; undefined where it lies elsewhere. */
export function prefixIn(bucket: string, location: string): string | undefined {
  const [, host, path = ''] = /^s3[an]?:\/\/([^/]+)\/?(.*)$/.exec(location) ?? []
  if (host !== bucket) return undefined
  const plain = path.replace(/\/+$/, '')
  return plain === '' ? '' : `${plain}/`
}

/** Lifecycle prefixes are literal: they reach a folder when one of the two starts with the other. */
export const reaches = (prefix: string, folder: string): boolean =>
  folder.startsWith(prefix) || prefix.startsWith(folder)

/** Engines tag objects that they have deleted; nothing live carries such a tag. */
const DELETED_TAG = 's3.delete.tags.'

/** Everything that the rules would take from the tables; empty means they are safe. */
export function violations(
  rules: readonly LifecycleRule[],
  bucket: string,
  tables: readonly TableFact[],
): readonly Violation[] {
  return rules
    .filter(({ enabled }) => enabled)
    .flatMap((rule) =>
      tables.flatMap((table) => {
        const folder = prefixIn(bucket, table.location)
        if (table.vanished !== null || folder === undefined || !reaches(rule.prefix, folder)) return []
        if (tagsOnlyDeleted(rule, table)) return []
        const metadata = `${folder}${METADATA[table.format]}`
        const where = reaches(rule.prefix, metadata) ? 'its data and metadata' : 'its data'
        const archived = rule.transitions.filter(({ to }) => !isSynchronous(to))
        return [
          ...(rule.expires === null ? [] : [`expires ${where} after ${rule.expires} days`]),
          ...archived
            .filter(({ days }) => !isGuarded(table, days))
            .map(({ to, days }) => `puts ${where} out of reach in ${to} after ${days} days`),
        ].map((what) => ({ rule: rule.id, tableId: table.id, table: table.table, what }))
      }),
    )
}

/** Iceberg's soft delete: with `s3.delete-enabled=false` its writers tag what they drop, and the bucket expires that. */
function tagsOnlyDeleted(rule: LifecycleRule, table: TableFact): boolean {
  const wanted = Object.entries(rule.tags)
  return (
    wanted.length > 0 && wanted.every(([key, value]) => table.properties[`${DELETED_TAG}${key}`] === value)
  )
}

/** Databricks skips archived files where the table says from which age on there are some. */
const isGuarded = (table: TableFact, days: number): boolean =>
  table.properties['delta.timeUntilArchived'] === `${days} days`

/** The rule as it may be proposed: throws nothing, says everything. */
export const explainViolations = (all: readonly Violation[]): string =>
  all
    .slice(0, 20)
    .map(({ rule, table, what }) => `rule ${rule}: ${table}: ${what}`)
    .concat(all.length > 20 ? [`and ${all.length - 20} more`] : [])
    .join('\n')
