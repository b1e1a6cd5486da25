// Structured logs: one JSON line per event on standard error, secrets never in them; the newest also in memory.
import { type Logger, pino } from 'pino'
import { type RecentLog, createRecentLog } from './recent-log.ts'

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'> & {
  child(fields: Record<string, unknown>): Log
}

/** The log that others are made of. */
export type RootLog = Log & { readonly recent: RecentLog }

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

interface Destination {
  write(line: string): unknown
}

export function createLog(
  level: LogLevel,
  destination: Destination = pino.destination({ dest: 2, sync: true }),
): RootLog {
  const recent = createRecentLog()
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write(line) {
        destination.write(line)
        recent.add(line)
      },
    },
  )
  return Object.assign(log, { recent })
}
