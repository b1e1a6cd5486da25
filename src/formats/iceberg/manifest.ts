// Manifests as compact statistics: one entry per live file in typed arrays, nothing else is kept. Iceberg spec, "Manifests".
import { crc32 } from 'node:zlib'
import { SourceError } from '../../model/errors.ts'
import { type AvroFile, openAvro } from '../avro.ts'
import type { ReadKeys } from '../avro-decode.ts'
import type { AvroType } from '../avro-schema.ts'
import type { Bound } from '../bound-ranks.ts'
import { MAX_SAMPLED_FILES } from '../skipping.ts'
import { boundValue } from './bound-value.ts'
import { type ValueType, partitionText, timeOfBound } from './partition-value.ts'
import type { PartitionSpec } from './schema.ts'

/** What a live entry is: a data file, or what deletes rows of data files. */
export const DATA = 0
export const POSITION_DELETES = 1
export const EQUALITY_DELETES = 2
export const DELETION_VECTOR = 3

export interface ManifestStatistics {
  /** The partition spec it was written with. */
  readonly specId: number
  /** By live entry: its kind, bytes, rows (of a deletion vector: its cardinality) and index into `partitions`. */
  readonly kinds: Uint8Array
  readonly sizes: Float64Array
  readonly rows: Float64Array
  readonly partitionOf: Uint32Array
  /** `day=2026-08-01/bucket=3`; '' where the spec has no fields. */
  readonly partitions: readonly string[]
  /** Upper bound of the asked column, epoch ms, NaN where there is none; empty when no column was asked for. */
  readonly bounds: Float64Array
  readonly sample: BoundsSample
}

/** Data files whose bounds are kept, as indices of live entries: those whose hash is below a share of 2^32. */
export interface BoundsSample {
  readonly limit: number
  readonly entries: readonly number[]
  readonly hashes: readonly number[]
  /** Minimum and maximum by column, in the order in which they were asked for. */
  readonly bounds: readonly (readonly Bound[])[]
}

/** A column whose upper bounds are collected. */
export interface BoundColumn {
  readonly fieldId: number
  readonly type: string
}

/** Live entries of one manifest; writers aim at 8 MB, some 50,000 entries. */
export const MAX_ENTRIES = 5_000_000
export const MAX_MANIFEST_BYTES = 512 * 1_048_576

/** Spelled partition values kept while one manifest is read. */
const MAX_REMEMBERED = 10_000

const [STATUS, CONTENT, PARTITION, ROWS, SIZE, FORMAT, VECTOR_SIZE, BOUND, LOWER, UPPER] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
]
const DELETED = 2

/** Throws SourceError 'corrupt', 'too-large' or 'unsupported'. */
export function readManifest(
  bytes: Uint8Array,
  subject: string,
  options: {
    readonly specs: readonly PartitionSpec[]
    /** What the manifest list says; null asks the manifest itself. */
    readonly specId: number | null
    readonly bound: BoundColumn | null
    /** Columns whose bounds are kept, and of what share of the files. */
    readonly sample?: { readonly columns: readonly BoundColumn[]; readonly share: number }
  },
): ManifestStatistics {
  const file = openAvro(bytes, subject)
  const { bound } = options
  const entries = new Entries()
  const sample = sampler(subject, options.sample ?? { columns: [], share: 0 })
  const specId = options.specId ?? Number(file.metadata.get('partition-spec-id') ?? 0)
  const partition = partitionNamer(file, options.specs.find(({ id }) => id === specId) ?? null)
  const wants = [
    'status',
    'data_file.content',
    'data_file.partition',
    'data_file.record_count',
    'data_file.file_size_in_bytes',
    'data_file.file_format',
    'data_file.content_size_in_bytes',
    bound === null ? '-' : { path: 'data_file.upper_bounds', key: bound.fieldId },
    ...sample.wants,
  ]
  file.rows(wants, (row) => {
    if (row[STATUS] === DELETED) return
    const rows = amount(row[ROWS])
    const size = amount(row[SIZE])
    if (rows === null || size === null || typeof row[STATUS] !== 'number') {
      throw corrupt(subject, `entry ${entries.length} lacks its status, record_count or file_size_in_bytes`)
    }
    if (entries.length >= MAX_ENTRIES) {
      throw new SourceError('too-large', `${subject} has more than ${MAX_ENTRIES} live entries`, { subject })
    }
    const kind = kindOf(row)
    if (kind === DATA) sample.take(entries.length, row)
    entries.add({
      kind,
      // A Puffin file holds many vectors: its own size would be counted once for each.
      size: kind === DELETION_VECTOR ? (amount(row[VECTOR_SIZE]) ?? size) : size,
      rows,
      partition: partition(row[PARTITION]),
      bound:
        bound === null || kind !== DATA ? Number.NaN : (timeOfBound(row[BOUND], bound.type) ?? Number.NaN),
    })
  })
  return { specId, ...entries.done(bound !== null), sample: sample.done() }
}

function sampler(
  subject: string,
  { columns, share }: { readonly columns: readonly BoundColumn[]; readonly share: number },
) {
  let limit = columns.length === 0 ? 0 : Math.ceil(Math.min(1, share) * 2 ** 32)
  const seed = crc32(subject)
  let taken: { entry: number; hash: number; bounds: readonly Bound[] }[] = []
  const keys = columns.map(({ fieldId }) => fieldId)
  const sides = ['data_file.lower_bounds', 'data_file.upper_bounds']
  return {
    wants: limit === 0 ? [] : sides.map((path) => ({ path, keys })),
    take(entry: number, row: readonly unknown[]): void {
      // A manifest never changes: the place of an entry in it is as good as its path, and at hand.
      const hash = spread(seed ^ entry)
      if (hash >= limit) return
      const [lower, upper] = [row[LOWER], row[UPPER]].map((read) =>
        typeof read === 'function' ? (read as ReadKeys)() : [],
      )
      const bounds = columns.flatMap(({ type }, i) => [
        boundValue(lower?.[i], type),
        boundValue(upper?.[i], type),
      ])
      taken.push({ entry, hash, bounds })
      // Where the list does not say how many files there are, the share is found out here.
      if (taken.length <= 2 * MAX_SAMPLED_FILES) return
      limit = Math.floor(limit / 2)
      taken = taken.filter((one) => one.hash < limit)
    },
    done: (): BoundsSample => ({
      limit,
      entries: taken.map(({ entry }) => entry),
      hashes: taken.map(({ hash }) => hash),
      bounds: taken.map(({ bounds }) => bounds),
    }),
  }
}

/** Spreads each input bit over the whole word (the multipliers are murmur3's). */
function spread(word: number): number {
  let h = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function kindOf(row: readonly unknown[]): number {
  // v1 manifests hold data files only and do not say so.
  if (row[CONTENT] === null || row[CONTENT] === 0) return DATA
  if (row[CONTENT] === 2) return EQUALITY_DELETES
  const vector = row[VECTOR_SIZE] !== null || String(row[FORMAT]).toUpperCase() === 'PUFFIN'
  return vector ? DELETION_VECTOR : POSITION_DELETES
}

const amount = (value: unknown): number | null => (typeof value === 'number' && value >= 0 ? value : null)

/** Turns the partition tuples of this file into names, each name once. */
function partitionNamer(file: AvroFile, spec: PartitionSpec | null): (tuple: unknown) => string {
  const fields = partitionFields(file.schema)
  const names = fields.map(({ name, fieldId, type }) => {
    // Avro names are mangled where a column's are not valid there; the field id leads back to the spec.
    const own =
      spec?.fields.find((field) => field.fieldId === fieldId) ??
      spec?.fields.find((field) => field.name === name)
    return {
      key: name,
      label: own?.name ?? name,
      text: remembered(own?.transform ?? 'identity', valueType(type)),
    }
  })
  return (tuple) => {
    if (names.length === 0 || tuple === null || typeof tuple !== 'object') return ''
    let text = ''
    for (const field of names) {
      const value = field.text((tuple as Record<string, unknown>)[field.key])
      text += `${text === '' ? '' : '/'}${field.label}=${value}`
    }
    return text
  }
}

/** Spelling a date costs more than reading the entry, and most entries repeat the partition of the one before. */
function remembered(transform: string, type: ValueType): (value: unknown) => string {
  let last: unknown
  let text = partitionText(last, type, transform)
  const dates = new Map<number, string>()
  return (value) => {
    if (value === last) return text
    last = value
    if (typeof value !== 'number') return (text = partitionText(value, type, transform))
    const known = dates.get(value)
    text = known ?? partitionText(value, type, transform)
    if (known === undefined && dates.size < MAX_REMEMBERED) dates.set(value, text)
    return text
  }
}

function partitionFields(
  schema: AvroType,
): readonly { name: string; fieldId: number | null; type: AvroType }[] {
  const file = fieldsOf(schema).find((field) => field.name === 'data_file')
  const partition = file && fieldsOf(file.type).find((field) => field.name === 'partition')
  return partition ? fieldsOf(partition.type) : []
}

const fieldsOf = (type: AvroType): readonly { name: string; fieldId: number | null; type: AvroType }[] =>
  type.kind === 'record' ? type.fields : []

/** Partition fields are optional: [null, type]. */
function valueType(type: AvroType): ValueType {
  if (type.kind === 'union') {
    const value = type.branches.find((branch) => branch.kind !== 'null')
    return value ? valueType(value) : { kind: 'null', logical: '', scale: 0 }
  }
  return 'logical' in type
    ? { kind: type.kind, logical: type.logical.name, scale: type.logical.scale }
    : { kind: type.kind, logical: '', scale: 0 }
}

interface Entry {
  readonly kind: number
  readonly size: number
  readonly rows: number
  readonly partition: string
  readonly bound: number
}

/** Entries in typed arrays that grow. */
class Entries {
  length = 0
  #kinds = new Uint8Array(1_024)
  #sizes = new Float64Array(1_024)
  #rows = new Float64Array(1_024)
  #bounds = new Float64Array(1_024)
  #partitionOf = new Uint32Array(1_024)
  readonly #partitions = new Map<string, number>()

  add({ kind, size, rows, partition, bound }: Entry): void {
    if (this.length === this.#kinds.length) this.#grow()
    let index = this.#partitions.get(partition)
    if (index === undefined) this.#partitions.set(partition, (index = this.#partitions.size))
    const at = this.length++
    this.#kinds[at] = kind
    this.#sizes[at] = size
    this.#rows[at] = rows
    this.#bounds[at] = bound
    this.#partitionOf[at] = index
  }

  done(withBounds: boolean): Omit<ManifestStatistics, 'specId' | 'sample'> {
    return {
      kinds: this.#kinds.slice(0, this.length),
      sizes: this.#sizes.slice(0, this.length),
      rows: this.#rows.slice(0, this.length),
      bounds: this.#bounds.slice(0, withBounds ? this.length : 0),
      partitionOf: this.#partitionOf.slice(0, this.length),
      partitions: [...this.#partitions.keys()],
    }
  }

  #grow(): void {
    const grown = <A extends Uint8Array | Float64Array | Uint32Array>(into: A, from: A): A => {
      into.set(from)
      return into
    }
    const size = this.length * 2
    this.#kinds = grown(new Uint8Array(size), this.#kinds)
    this.#sizes = grown(new Float64Array(size), this.#sizes)
    this.#rows = grown(new Float64Array(size), this.#rows)
    this.#bounds = grown(new Float64Array(size), this.#bounds)
    this.#partitionOf = grown(new Uint32Array(size), this.#partitionOf)
  }
}

const corrupt = (subject: string, found: string): SourceError =>
  new SourceError('corrupt', `${subject}: ${found}`, { subject })
