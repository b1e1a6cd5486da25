// Lower and upper bounds of manifests as values that compare. Iceberg spec, "Binary single-value serialization".
import { type Bound, MAX_BOUND_CHARS } from '../bound-ranks.ts'
import { isTimeType, timeOfBound } from './partition-value.ts'

const COMPARABLE = /^(int|long|float|double|decimal\(.*\)|date|time|timestamp(tz)?(_ns)?|string|uuid)$/

export const isComparable = (type: string): boolean => COMPARABLE.test(type)

/** Numbers as doubles, times in epoch milliseconds; null where the bytes are no value of the type. */
export function boundValue(bound: unknown, type: string): Bound {
  if (!(bound instanceof Uint8Array)) return null
  if (isTimeType(type)) return timeOfBound(bound, type)
  const buffer = Buffer.from(bound.buffer, bound.byteOffset, bound.byteLength)
  if (type === 'string') return buffer.toString('utf8').slice(0, MAX_BOUND_CHARS)
  if (type === 'uuid') return buffer.length === 16 ? buffer.toString('hex') : null
  const value = type.startsWith('decimal') ? unscaled(buffer) : numberOf(buffer, type)
  return value === null || Number.isNaN(value) ? null : value
}

/** A column that was widened has bounds of its old type: their length tells. */
function numberOf(buffer: Buffer, type: string): number | null {
  const real = type === 'float' || type === 'double'
  if (buffer.length === 4) return real ? buffer.readFloatLE() : buffer.readInt32LE()
  if (buffer.length === 8) return real ? buffer.readDoubleLE() : Number(buffer.readBigInt64LE())
  return null
}

/** Two's complement, most significant byte first; the scale is the same for all of a column. */
function unscaled(buffer: Buffer): number | null {
  if (buffer.length === 0 || buffer.length > 16) return null
  return Number(BigInt.asIntN(buffer.length * 8, BigInt(`0x${buffer.toString('hex')}`)))
}
