// Lifecycle rules against the tables that live in a bucket: none may expire, or put out of reach, what a table needs.
// Advice is stricter than trying every key: whatever a rule could reach below a table's folder counts as live. Before a rule
// is applied every file is tried as well, which also finds those that lie where no fact says.
import type { LifecycleRule } from '../../model/bucket.ts'
import type { TableFact } from '../../model/facts.ts'
import type { FileRole, TableFile } from '../../model/table-files.ts'
import { printable } from '../../model/text.ts'
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

/** Iceberg tables may have their files in other folders than their own. */
const OTHER_FOLDERS: ReadonlyArray<readonly [property: string, holds: string]> = [
  ['write.data.path', 'its data'],
  ['write.object-storage.path', 'its data'],
  ['write.folder-storage.path', 'its data'],
  ['write.metadata.path', 'its metadata'],
]

interface Place {
  readonly prefix: string
  readonly holds: string
  readonly hasMetadata: boolean
}

/** Every folder of the bucket that the table's fact says its files are in. */
function placesIn(bucket: string, table: TableFact, rulePrefix: string): readonly Place[] {
  const folder = prefixIn(bucket, table.location)
  const own = folder === undefined ? [] : [ownPlace(folder, table, rulePrefix)]
  const others = OTHER_FOLDERS.flatMap(([property, holds]) => {
    const prefix = prefixIn(bucket, table.properties[property] ?? '')
    return prefix === undefined ? [] : [{ prefix, holds, hasMetadata: holds === 'its metadata' }]
  })
  return [...own, ...others]
}

function ownPlace(prefix: string, { format }: TableFact, rulePrefix: string): Place {
  const hasMetadata = reaches(rulePrefix, `${prefix}${METADATA[format]}`)
  return { prefix, holds: hasMetadata ? 'its data and metadata' : 'its data', hasMetadata }
}

/** Whether any of the table's files are in the bucket, as far as its fact tells. */
export const liesIn = (bucket: string, table: TableFact): boolean => placesIn(bucket, table, '').length > 0

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
        if (table.vanished !== null || tagsOnlyDeleted(rule, table)) return []
        return placesIn(bucket, table, rule.prefix)
          .filter(({ prefix }) => reaches(rule.prefix, prefix))
          .flatMap((place) =>
            takings(rule, table, place.hasMetadata).map((take) => ({
              rule: rule.id,
              tableId: table.id,
              table: table.table,
              what: take(place.holds),
            })),
          )
      }),
    )
}

type Taking = (what: string) => string

/** What the rule does to objects that break a table. Metadata is never archived, whatever the table says of its age. */
function takings(rule: LifecycleRule, table: TableFact, isMetadata: boolean): readonly Taking[] {
  const archived = rule.transitions.filter(({ to }) => !isSynchronous(to))
  return [
    ...(rule.expires === null ? [] : [(what: string) => `expires ${what} after ${rule.expires} days`]),
    ...archived
      .filter(({ days }) => isMetadata || !isGuarded(table, days))
      .map(
        ({ to, days }) =>
          (what: string) =>
            `puts ${what} out of reach in ${to} after ${days} days`,
      ),
  ]
}

/** Whether the rule does anything to current objects that tables could miss. */
export const isHarmless = ({ enabled, expires, transitions }: LifecycleRule): boolean =>
  !enabled || (expires === null && transitions.every(({ to }) => isSynchronous(to)))

/** Whether a rule's filter takes in an object. Its tags are not known: they are taken to be those that are asked for. */
export const matches = (rule: LifecycleRule, { key, size }: Pick<TableFile, 'key' | 'size'>): boolean =>
  rule.enabled &&
  key.startsWith(rule.prefix) &&
  (size === null || rule.largerThan === null || size > rule.largerThan) &&
  (size === null || rule.smallerThan === null || size < rule.smallerThan)

/** What one rule takes in of one table: how many files of which role, and some of the keys. */
export interface Tried {
  readonly rule: string
  readonly tableId: string
  readonly table: string
  readonly role: FileRole
  readonly files: number
  readonly keys: readonly string[]
  /** What the rule would do to them that breaks the table; empty where it does no harm. */
  readonly harm: readonly string[]
}

const NEEDED: ReadonlySet<FileRole> = new Set(['live', 'retained', 'metadata'])
const MAX_KEYS = 10

/** Tries rules against a table's files one by one (cost.md §1.5.7): what is listed decides, not what a prefix could reach. */
export class Trial {
  readonly #rules: readonly LifecycleRule[]
  readonly #table: TableFact
  readonly #found = new Map<string, { rule: LifecycleRule; role: FileRole; files: number; keys: string[] }>()

  constructor(rules: readonly LifecycleRule[], table: TableFact) {
    this.#rules = rules.filter((rule) => rule.enabled && !tagsOnlyDeleted(rule, table))
    this.#table = table
  }

  take(file: TableFile): void {
    for (const rule of this.#rules) {
      if (!matches(rule, file)) continue
      const id = `${file.role} ${rule.id}`
      const found = this.#found.get(id) ?? { rule, role: file.role, files: 0, keys: [] }
      this.#found.set(id, found)
      found.files += 1
      if (found.keys.length < MAX_KEYS) found.keys.push(file.key)
    }
  }

  done(): readonly Tried[] {
    const { id: tableId, table } = this.#table
    return [...this.#found.values()].map(({ rule, role, files, keys }) => ({
      rule: rule.id,
      tableId,
      table,
      role,
      files,
      keys,
      harm: NEEDED.has(role)
        ? takings(rule, this.#table, role === 'metadata').map((take) => take(`${files} ${role} files`))
        : [],
    }))
  }
}

/** Files that would be missed, by rule, table and role, with some of their keys, safe to show; '' where there are none. */
export const explainHarm = (tried: readonly Tried[]): string =>
  tried
    .filter(({ harm }) => harm.length > 0)
    .slice(0, 50)
    .map(({ rule, table, harm, keys, files }) =>
      [
        printable(`rule ${rule}: ${table}: ${harm.join(', ')}:`),
        ...keys.map((key) => `  ${printable(key)}`),
        ...(files > keys.length ? [`  and ${files - keys.length} more`] : []),
      ].join('\n'),
    )
    .join('\n')

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
