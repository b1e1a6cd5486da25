// The newest log records, kept in memory as they were written: for who cannot look at standard error.
import { type Timestamp, timestamp } from '../model/units.ts'

/** Mildest first. */
export const LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type Level = (typeof LEVELS)[number]

export interface LogRecord {
  /** Increases by one with each record of this process. */
  readonly id: number
  readonly at: Timestamp
  readonly level: Level
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface RecentLog {
  /** A line of JSON as the logger writes it: secrets are `<redacted>` in it. */
  add(line: string): void
  /** Newest first: at or after `since`, of the level or worse. */
  newest(wanted: { readonly since: Timestamp; readonly level: Level; readonly limit: number }): LogRecord[]
  /** Written since start. */
  readonly written: Readonly<Record<Level, number>>
  /** Pushed out by newer ones since start. */
  readonly dropped: number
}

export const MOST_RECORDS = 1_000
/** With this many characters a record keeps its fields; at most 8 MB in all. */
const MAX_LINE = 4_096

export function createRecentLog(): RecentLog {
  // Oldest first.
  const kept: LogRecord[] = []
  const written = { debug: 0, info: 0, warn: 0, error: 0 }
  let dropped = 0
  let last = 0
  return {
    add(line) {
      const record = recordOf((last += 1), line)
      written[record.level] += 1
      kept.push(record)
      if (kept.length <= MOST_RECORDS) return
      kept.shift()
      dropped += 1
    },
    newest: ({ since, level, limit }) =>
      kept
        .filter((record) => record.at >= since && LEVELS.indexOf(record.level) >= LEVELS.indexOf(level))
        .toReversed()
        .slice(0, limit),
    written,
    get dropped() {
      return dropped
    },
  }
}

interface Written {
  readonly level: Level
  readonly time: string
  readonly msg?: string
}

function recordOf(id: number, line: string): LogRecord {
  const { level, time, msg = '', ...fields } = JSON.parse(line) as Written
  return {
    id,
    at: timestamp(Date.parse(time)),
    level,
    message: msg.slice(0, MAX_LINE),
    fields: line.length <= MAX_LINE ? fields : { omitted: `fields of a line of ${line.length} characters` },
  }
}
