// Single values of Iceberg: partition values as text, and the time that a value or an upper bound stands for.
// Iceberg spec, "Partition Transforms" and "Binary single-value serialization".

/** An Avro type as far as a partition value needs it. */
export interface ValueType {
  readonly kind: string
  /** Avro's logicalType, '' for none. */
  readonly logical: string
  readonly scale: number
}

const MAX_TEXT = 200
const DAY_MS = 86_400_000

/** A partition value as Hive paths spell it: `2026-08-01`, `2026-08-01-13` for an hour, `null`. */
export function partitionText(value: unknown, type: ValueType, transform: string): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'number' || typeof value === 'bigint') return numberText(value, type, transform)
  if (value instanceof Uint8Array) return bytesText(value, type)
  // No partition field is a struct or a list; what is neither stays recognisable.
  return typeof value === 'string' || typeof value === 'boolean' ? String(value).slice(0, MAX_TEXT) : '?'
}

function numberText(value: number | bigint, type: ValueType, transform: string): string {
  const number = Number(value)
  if (transform === 'year') return String(1970 + number)
  if (transform === 'month') return isoDate(Date.UTC(1970, number), 7)
  if (transform === 'day') return isoDate(number * DAY_MS, 10)
  if (transform === 'hour') return isoDate(number * 3_600_000, 13).replace('T', '-')
  if (transform === 'identity' || transform.startsWith('truncate')) {
    const per = LOGICAL_MS[type.logical]
    // The text must stay exact, so a fraction of a millisecond keeps the raw number beside other such values.
    if (per !== undefined) return isoDate(number * per, type.logical === 'date' ? 10 : 23)
    if (type.logical === 'time-micros') return isoDate(number / 1_000, 23).slice(11)
  }
  return String(value)
}

/** Milliseconds per unit of Avro's logical types. */
const LOGICAL_MS: Readonly<Record<string, number>> = {
  date: DAY_MS,
  'timestamp-millis': 1,
  'timestamp-micros': 1e-3,
  'timestamp-nanos': 1e-6,
  'local-timestamp-micros': 1e-3,
}

function bytesText(value: Uint8Array, type: ValueType): string {
  const hex = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')
  if (type.logical === 'uuid' && value.length === 16) {
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  }
  if (type.logical === 'decimal' && value.length > 0 && value.length <= 32)
    return decimalText(hex, type.scale)
  return hex.slice(0, MAX_TEXT)
}

/** Two's complement, most significant byte first. */
function decimalText(hex: string, scale: number): string {
  const unscaled = BigInt.asIntN(hex.length * 4, BigInt(`0x${hex}`))
  if (!Number.isInteger(scale) || scale <= 0 || scale > 76) return String(unscaled)
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** Where a Date cannot hold the time, the number itself. */
function isoDate(ms: number, length: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString().slice(0, length) : String(ms)
}

/** Milliseconds per unit of the column types that are times. */
const COLUMN_MS: Readonly<Record<string, number>> = {
  date: DAY_MS,
  timestamp: 1e-3,
  timestamptz: 1e-3,
  timestamp_ns: 1e-6,
  timestamptz_ns: 1e-6,
}

export const isTimeType = (type: string): boolean => Object.hasOwn(COLUMN_MS, type)

/** The time that a bound of a time column stands for, epoch ms; null where it has none or it is not a time. */
export function timeOfBound(bound: unknown, type: string): number | null {
  const per = COLUMN_MS[type]
  if (per === undefined || !(bound instanceof Uint8Array)) return null
  const buffer = Buffer.from(bound.buffer, bound.byteOffset, bound.byteLength)
  const raw =
    buffer.length === 8 ? buffer.readBigInt64LE() : buffer.length === 4 ? buffer.readInt32LE() : null
  return raw === null ? null : plausible(Number(raw) * per)
}

/** The start of the period that a partition value of a time column stands for; null for other transforms. */
export function timeOfPartition(text: string): number | null {
  const match = /^(-?\d{4})(?:-(\d\d)(?:-(\d\d)(?:-(\d\d))?)?)?$/.exec(text)
  if (match === null) return plausible(Date.parse(text))
  const [, year, month, day, hour] = match
  return plausible(Date.UTC(Number(year), Number(month ?? 1) - 1, Number(day ?? 1), Number(hour ?? 0)))
}

/** Infinities and the extremes that writers use for "unbounded" are not times. */
const plausible = (ms: number): number | null => (Math.abs(ms) <= 8.64e15 ? Math.floor(ms) : null)
