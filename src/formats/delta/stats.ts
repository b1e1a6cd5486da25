// What a file's statistics say: rows, and the newest value of the event-time column.
import { type Json, isObject, numberOf } from '../json.ts'

export interface FileStats {
  /** NaN = not recorded. */
  readonly rows: number
  readonly eventTime: number
}

const UNKNOWN: FileStats = { rows: Number.NaN, eventTime: Number.NaN }

/** Statistics that cannot be read are as good as none: the rows become unknown, the table stays readable. */
export function readStats(stats: string | null, eventColumn: readonly string[] | null): FileStats {
  if (stats === null || stats === '') return UNKNOWN
  try {
    const parsed = JSON.parse(stats) as Json
    if (!isObject(parsed)) return UNKNOWN
    const rows = numberOf(parsed['numRecords'])
    return {
      rows: rows === null || rows < 0 ? Number.NaN : rows,
      eventTime: eventColumn === null ? Number.NaN : timeOf(at(parsed['maxValues'], eventColumn)),
    }
  } catch {
    return UNKNOWN
  }
}

function at(value: Json | undefined, path: readonly string[]): Json | undefined {
  let inner = value
  for (const part of path) inner = isObject(inner) ? inner[part] : undefined
  return inner
}

const TIME = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?\s*(Z|[+-]\d\d:?\d\d)?$/

/** A date or timestamp as statistics and partition values spell it; without a zone it is UTC. NaN when it is none. */
export function timeOf(value: Json | undefined): number {
  if (typeof value !== 'string') return Number.NaN
  const match = TIME.exec(value)
  if (match === null) return Number.NaN
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '0', zone] = match
  const utc = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    Math.floor(Number(`0.${fraction}`) * 1000),
  )
  return utc - zoneOffset(zone)
}

function zoneOffset(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0
  const digits = zone.replace(':', '')
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5))
  return (digits.startsWith('-') ? -minutes : minutes) * 60_000
}
