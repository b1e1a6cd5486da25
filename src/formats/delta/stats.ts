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
  return glance(stats, eventColumn) ?? parse(stats, eventColumn)
}

const ROWS = '{"numRecords":'
const MAX_VALUES = '"maxValues":{'

/**
 * Picks the two values out of statistics as nearly all writers spell them, at a fifth of the cost of parsing; null
 * when anything could be ambiguous: another spelling, nesting before the value, the key twice. Inside a string a
 * quote is escaped, so a key with its quotes is never found there.
 */
function glance(stats: string, eventColumn: readonly string[] | null): FileStats | null {
  if (!stats.startsWith(ROWS) || !stats.endsWith('}')) return null
  let at = ROWS.length
  while (isDigit(stats.charCodeAt(at))) at += 1
  if (at === ROWS.length || at > ROWS.length + 15 || (stats[at] !== ',' && stats[at] !== '}')) return null
  const rows = digits(stats, ROWS.length, at)
  if (stats[at] === '}') return at === stats.length - 1 ? { rows, eventTime: Number.NaN } : null
  if (stats.includes('"numRecords"', at)) return null
  if (eventColumn === null) return { rows, eventTime: Number.NaN }
  const start = stats.indexOf(MAX_VALUES, at) + MAX_VALUES.length
  const [name, nested] = eventColumn
  if (
    start < MAX_VALUES.length ||
    nested !== undefined ||
    !isTopLevel(stats, at, start - MAX_VALUES.length)
  ) {
    return null
  }
  const key = `"${name ?? ''}":"`
  const found = stats.indexOf(key, start)
  if (found < 0) return null
  const value = found + key.length
  const end = stats.indexOf('"', value)
  const between = stats.slice(start, found)
  if (/[{}\\]/.test(between) || (found > start && stats[found - 1] !== ',')) return null
  const text = stats.slice(value, end)
  // A second value under the same key would win when parsed.
  if (text.includes('\\') || stats.includes(key, end)) return null
  return { rows, eventTime: timeOf(text) }
}

/** No brace is open between `from`, at the top level, and `to`; strings that could hold braces of their own say no. */
function isTopLevel(stats: string, from: number, to: number): boolean {
  let open = 0
  let inString = false
  for (let i = from; i < to; i++) {
    const code = stats.charCodeAt(i)
    if (code === 92) return false
    if (code === 34) inString = !inString
    else if (!inString && code === 123) open += 1
    else if (!inString && code === 125) open -= 1
  }
  return open === 0 && !inString
}

function parse(stats: string, eventColumn: readonly string[] | null): FileStats {
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
