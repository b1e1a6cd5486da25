// Which objects a rule moves: the data of tables, and no object that is too small for it to pay.
import type { StorageClass } from '../../model/bucket.ts'
import type { TableFact } from '../../model/facts.ts'
import type { LifecycleDocument } from '../../model/lifecycle-rules.ts'
import { KIB } from '../../model/units.ts'
import type { BucketView } from './bucket-view.ts'
import { CLASSES } from './classes.ts'
import { OWN } from './document.ts'
import { prefixIn } from './safety.ts'

/** Only objects above it move: what is smaller is billed as this anyway. */
const LEAST_MOVED = 128 * KIB
export const AGE_DAYS = 30

/** The data of each table, never its metadata; the whole bucket where no table lives in it. */
export function dataRules(view: BucketView, to: StorageClass): LifecycleDocument['Rules'] {
  const { bucket, tables } = view
  const prefixes =
    tables.length === 0 ? [''] : tables.flatMap((table) => dataPrefix(bucket.bucket, table) ?? [])
  return prefixes.toSorted().map((prefix, i) => ({
    ID: `${OWN}tier-${i + 1}`,
    Status: 'Enabled',
    Filter:
      prefix === ''
        ? { ObjectSizeGreaterThan: LEAST_MOVED }
        : { And: { Prefix: prefix, ObjectSizeGreaterThan: LEAST_MOVED } },
    Transitions: [
      { Days: to === 'INTELLIGENT_TIERING' ? 0 : Math.max(AGE_DAYS, CLASSES[to].leastAge), StorageClass: to },
    ],
  }))
}

/** Lifecycle prefixes know no exceptions: one that starts where data does and metadata does not. */
function dataPrefix(bucket: string, table: TableFact): string | null {
  const folder = prefixIn(bucket, table.location)
  if (folder === undefined) return null
  if (table.format === 'iceberg') return hashesPaths(table) ? null : `${folder}data/`
  if (table.format !== 'delta') return null
  const [first] = table.partitions?.columns ?? []
  return first === undefined ? `${folder}part-` : `${folder}${first}=`
}

/** Hashed or foreign paths: no prefix holds the data of this table alone. */
const hashesPaths = ({ properties }: TableFact): boolean =>
  properties['write.object-storage.enabled'] === 'true' ||
  properties['write.data.path'] !== undefined ||
  properties['write.object-storage.path'] !== undefined
