// Calendar deadlines: a cron line in a time zone, on the days that a calendar allows, right across DST.
import { Cron } from 'croner'
import { z } from 'zod'
import { Duration } from '../model/fields.ts'
import { type Millis, type Timestamp, HOUR, MINUTE, millis, timestamp } from '../model/units.ts'
import { Calendar, createCalendar, dayIn } from './calendar.ts'

/** Runs of the cron line that are looked at for one deadline; a calendar that allows none of them has none. */
const RUNS_MAX = 20_000
/** Deadlines remembered per schedule. */
const REMEMBERED_MAX = 10_000
/** How close to midnight a forbidden day is left in one jump: DST moves midnight by an hour. */
const JUMP_MARGIN = 2 * HOUR

const isTimezone = (timezone: string): boolean => {
  try {
    return Intl.DateTimeFormat('en', { timeZone: timezone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

export const Due = z
  .strictObject({
    cron: z.string().describe('When the change must be there: minute hour day month weekday.'),
    timezone: z
      .string()
      .refine(isTimezone, {
        error: ({ input }) => `expected a time zone such as Europe/Berlin, found ${JSON.stringify(input)}`,
      })
      .prefault('UTC'),
    calendar: Calendar.optional(),
    window: Duration(MINUTE)
      .optional()
      .describe(
        'Only a change at most this long before the deadline, or after it, meets it. Default: the nearest deadline.',
      ),
    grace: z
      .strictObject({ warn: Duration(millis(0)).optional(), error: Duration(millis(0)).optional() })
      .prefault({ error: '0s' })
      .describe('How long after the deadline a missing change is a warning, and an error.'),
  })
  .superRefine(({ cron, timezone }, context) => {
    try {
      if (isTimezone(timezone) && new Cron(cron, { timezone, mode: '5-part' }).nextRun(new Date(0)) === null)
        throw new Error('it never comes')
    } catch (error) {
      const message = `not a cron line: ${JSON.stringify(cron)}: ${error instanceof Error ? error.message : 'unknown'}`
      context.addIssue({ code: 'custom', path: ['cron'], message })
    }
  })
export type Due = z.output<typeof Due>

export interface Schedule {
  /** The deadline by which the next change must be there when the last one was at `change`; null when there is none. */
  dueAfter(change: Timestamp): Timestamp | null
}

export function createSchedule({ cron, timezone, calendar, window }: Due): Schedule {
  const runs = new Cron(cron, { timezone, mode: '5-part' })
  const allowed = createCalendar(calendar)
  const dayOf = dayIn(timezone)
  const clockOf = clockIn(timezone)

  /** The first allowed run after (or, backwards, before) a moment. */
  const seek = (from: Timestamp, forwards: boolean): Timestamp | null => {
    let at = new Date(from)
    for (let i = 0; i < RUNS_MAX; i++) {
      const run = forwards ? runs.nextRun(at) : runs.previousRuns(1, at)[0]
      if (run === null || run === undefined) return null
      const moment = timestamp(run.getTime())
      if (allowed(dayOf(moment))) return moment
      const inDay = clockOf(moment)
      const jump = Math.max(0, (forwards ? 24 * HOUR - inDay : inDay) - JUMP_MARGIN)
      at = new Date(moment + (forwards ? jump : -jump))
    }
    return null
  }

  const due = (change: Timestamp): Timestamp | null => {
    if (window !== undefined) return seek(timestamp(change + window), true)
    const after = seek(change, true)
    const before = seek(timestamp(change + 1), false)
    // A change belongs to the deadline that is nearest to it: soon after one it is that one's, only late.
    if (after === null || (before !== null && change - before < after - change)) return after
    return seek(after, true)
  }

  const remembered = new Map<Timestamp, Timestamp | null>()
  return {
    dueAfter(change) {
      const known = remembered.get(change)
      if (known !== undefined) return known
      if (remembered.size >= REMEMBERED_MAX) remembered.clear()
      const found = due(change)
      remembered.set(change, found)
      return found
    },
  }
}

/** Milliseconds since midnight where the time zone is. */
function clockIn(timezone: string): (at: Timestamp) => Millis {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })
  return (at) => {
    const [hours, minutes, seconds] = format.format(at).split(':').map(Number) as [number, number, number]
    return millis(hours * HOUR + minutes * MINUTE + seconds * 1000)
  }
}
