// Rows of S3 Inventory, from CSV lines or Parquet columns. AWS S3 user guide, "Amazon S3 Inventory list".
import type { ByteSource } from '../../model/bytes.ts'
import { SourceError } from '../../model/errors.ts'
import { type ParquetValue, eachValue, openParquet, readLeaves } from '../parquet.ts'
import { fieldsOf } from './csv.ts'

/** One version of one object. What the report does not have a column for is null. */
export interface InventoryRow {
  readonly key: string
  readonly size: number
  /** Epoch ms. */
  readonly modified: number | null
  readonly storageClass: string
  /** False only where the report lists versions and this one was replaced or deleted. */
  readonly isLatest: boolean
  readonly isDeleteMarker: boolean
}

/** Reads lines of one report; undefined for one that is no row of it. */
export function csvRows(columns: readonly string[]): (line: string) => InventoryRow | undefined {
  const at = (name: string): number => columns.indexOf(name)
  const [key, size, modified, storageClass, latest, marker] = [
    at('Key'),
    at('Size'),
    at('LastModifiedDate'),
    at('StorageClass'),
    at('IsLatest'),
    at('IsDeleteMarker'),
  ]
  return (line) => {
    const fields = fieldsOf(line)
    if (fields?.length !== columns.length) return undefined
    const name = decoded(fields[key]!)
    const isDeleteMarker = fields[marker] === 'true'
    const bytes = isDeleteMarker ? 0 : wholeNumber(fields[size]!)
    if (name === undefined || name === '' || bytes === undefined) return undefined
    return {
      key: name,
      size: bytes,
      modified: timeOf(fields[modified]),
      storageClass: fields[storageClass] || 'STANDARD',
      isLatest: fields[latest] !== 'false',
      isDeleteMarker,
    }
  }
}

/** CSV reports percent-encode keys; a space may be a plus. */
function decoded(key: string): string | undefined {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

const wholeNumber = (text: string): number | undefined => (/^\d{1,15}$/.test(text) ? Number(text) : undefined)

function timeOf(text: string | undefined): number | null {
  const time = text === undefined || text === '' ? Number.NaN : Date.parse(text)
  return Number.isFinite(time) ? time : null
}

type Visit = Parameters<typeof readLeaves>[2] extends ReadonlyMap<string, infer V> ? V : never

/** Calls back for each row. `pause` is awaited between pages and may throw to stop. Answers the rows without key or size. */
export async function eachParquetRow(
  source: ByteSource,
  take: (row: InventoryRow) => void,
  pause: () => Promise<void>,
): Promise<{ readonly bad: number }> {
  const file = await openParquet(source)
  if (!file.leaves.has('key') || !file.leaves.has('size'))
    throw new SourceError('corrupt', `${source.name} has no column key or no column size`, {
      subject: source.name,
    })
  const unit = { millis: 1, micros: 1e-3, nanos: 1e-6, days: 86_400_000 }[
    file.leaves.get('last_modified_date')?.time ?? 'millis'
  ]
  let bad = 0
  for (const [group, { rows }] of file.groups.entries()) {
    const column = (): Array<ParquetValue | undefined> => []
    const [key, size, modified, storageClass, latest, marker] = [
      column(),
      column(),
      column(),
      column(),
      column(),
      column(),
    ]
    const into =
      (values: Array<ParquetValue | undefined>): Visit =>
      (page, firstRow, leaf) =>
        eachValue(page, firstRow, leaf, (row, value) => (values[row] = value))
    const visits = new Map([
      ['key', into(key)],
      ['size', into(size)],
      ['last_modified_date', into(modified)],
      ['storage_class', into(storageClass)],
      ['is_latest', into(latest)],
      ['is_delete_marker', into(marker)],
    ])
    await readLeaves(file, group, visits, pause)
    for (let row = 0; row < rows; row++) {
      const isDeleteMarker = marker[row] === true
      const bytes = isDeleteMarker ? 0 : Number(size[row] ?? Number.NaN)
      const name = textOf(key[row])
      if (name === '' || !(bytes >= 0)) {
        bad += 1
        continue
      }
      take({
        key: name,
        size: bytes,
        modified: modified[row] === undefined ? null : Number(modified[row]) * unit,
        storageClass: textOf(storageClass[row]) || 'STANDARD',
        isLatest: latest[row] !== false,
        isDeleteMarker,
      })
      if (row % 10_000 === 9_999) await pause()
    }
  }
  return { bad }
}

const textOf = (value: ParquetValue | undefined): string =>
  value instanceof Uint8Array
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8')
    : ''
