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

/** A date or timestamp as statistics and partition values spell it; without a zone it is UTC. NaN when it is none. */
export function timeOf(value: Json | undefined): number {
  if (typeof value !== 'string') return Number.NaN
  // By hand instead of by a pattern: a large log has a million of these.
  if (value.length < 10 || value[4] !== '-' || value[7] !== '-') return Number.NaN
  const day = Date.UTC(digits(value, 0, 4), digits(value, 5, 7) - 1, digits(value, 8, 10))
  if (value.length === 10) return day
  if (value[10] !== 'T' && value[10] !== ' ') return Number.NaN
  if (value[13] !== ':') return Number.NaN
  let time = digits(value, 11, 13) * 3_600_000 + digits(value, 14, 16) * 60_000
  let at = 16
  if (value[at] === ':') {
    time += digits(value, 17, 19) * 1_000
    at = 19
    if (value[at] === '.') {
      const start = ++at
      while (isDigit(value.charCodeAt(at))) at += 1
      time += Math.floor(digits(value, start, at) * 10 ** (3 - (at - start)))
    }
  }
  return day + time - zoneOffset(value.slice(at).trim())
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57

/** NaN when one of them is no digit. */
function digits(text: string, start: number, end: number): number {
  let number = 0
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    if (!isDigit(code)) return Number.NaN
    number = number * 10 + (code - 48)
  }
  return number
}

const ZONE = /^[+-]\d\d:?\d\d$/

function zoneOffset(zone: string): number {
  if (zone === '' || zone === 'Z') return 0
  if (!ZONE.test(zone)) return Number.NaN
  const minutes = digits(zone, 1, 3) * 60 + digits(zone.replace(':', ''), 3, 5)
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000
}
