// Partition statistics files: bytes by partition without reading a manifest. Iceberg spec, "Partition Statistics File".
import type { ByteSource } from '../../model/bytes.ts'
import { SourceError } from '../../model/errors.ts'
import { type ParquetFile, type ParquetValue, eachValue, openParquet, readLeaves } from '../parquet.ts'
import type { IcebergMetadata } from './metadata.ts'
import { type ValueType, partitionText } from './partition-value.ts'
import type { PartitionField } from './schema.ts'

export interface PartitionBytes {
  readonly name: string
  readonly bytes: number
}

const MAX_PARTITIONS = 1_000_000
const SPEC = 'spec_id'
const BYTES = 'total_data_file_size_in_bytes'

/** One entry per partition that has data files. `pause` is awaited between pages. */
export async function readPartitionStatistics(
  source: ByteSource,
  metadata: IcebergMetadata,
  pause: () => Promise<void>,
): Promise<readonly PartitionBytes[]> {
  const file = await openParquet(source)
  const subject = source.name
  if (file.rows > MAX_PARTITIONS) {
    const message = `${subject} has ${file.rows} partitions, the limit is ${MAX_PARTITIONS}`
    throw new SourceError('too-large', message, { subject })
  }
  if (!file.leaves.has(BYTES) || !file.leaves.has(SPEC)) {
    const message = `${subject} is not a partition statistics file: it has no ${file.leaves.has(SPEC) ? BYTES : SPEC}`
    throw new SourceError('corrupt', message, { subject })
  }
  const fields = new Set(metadata.specs.flatMap((spec) => spec.fields.map(({ name }) => `partition.${name}`)))
  const partitions: PartitionBytes[] = []
  for (const group of file.groups.keys()) {
    const valueAt = await readColumns(file, group, [SPEC, BYTES, ...fields], pause)
    for (let row = 0; row < file.groups[group]!.rows; row++) {
      const size = Number(valueAt(BYTES, row) ?? 0)
      if (!(size > 0)) continue
      const spec = metadata.specs.find(({ id }) => id === Number(valueAt(SPEC, row) ?? 0))
      const parts = (spec?.fields ?? []).map(
        (field) => `${field.name}=${spelled(valueAt(`partition.${field.name}`, row), field, metadata)}`,
      )
      partitions.push({ name: parts.join('/'), bytes: size })
    }
  }
  return partitions
}

async function readColumns(
  file: ParquetFile,
  group: number,
  paths: readonly string[],
  pause: () => Promise<void>,
): Promise<(path: string, row: number) => ParquetValue | null> {
  const columns = new Map(paths.map((path) => [path, new Map<number, ParquetValue>()]))
  const visits: Parameters<typeof readLeaves>[2] = new Map(
    [...columns].map(([path, column]) => [
      path,
      (page, firstRow, leaf) => eachValue(page, firstRow, leaf, (row, value) => void column.set(row, value)),
    ]),
  )
  await readLeaves(file, group, visits, pause)
  return (path, row) => columns.get(path)?.get(row) ?? null
}

/** Parquet keeps a transform's result without saying what it means: the source column's type does. */
function spelled(value: ParquetValue | null, field: PartitionField, metadata: IcebergMetadata): string {
  const source = metadata.schemas
    .flatMap(({ columns }) => columns)
    .find(({ identity }) => identity === String(field.sourceId))
  const type = source?.type ?? ''
  if (value instanceof Uint8Array && type === 'string') {
    return partitionText(
      Buffer.from(value).toString('utf8'),
      { kind: 'string', logical: '', scale: 0 },
      field.transform,
    )
  }
  return partitionText(value, valueType(type), field.transform)
}

const LOGICAL: Readonly<Record<string, string>> = {
  date: 'date',
  time: 'time-micros',
  timestamp: 'timestamp-micros',
  timestamptz: 'timestamp-micros',
  timestamp_ns: 'timestamp-nanos',
  timestamptz_ns: 'timestamp-nanos',
  uuid: 'uuid',
}

function valueType(type: string): ValueType {
  const scale = /^decimal\(\d+,(\d+)\)$/.exec(type)?.[1]
  if (scale !== undefined) return { kind: 'bytes', logical: 'decimal', scale: Number(scale) }
  return { kind: '', logical: LOGICAL[type] ?? '', scale: 0 }
}
