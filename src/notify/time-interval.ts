// Calendars: whether a moment lies inside Alertmanager's time intervals (times, weekdays, days of month, months, years).
import { ConfigError } from '../model/errors.ts'
import { type Millis, type Timestamp, DAY, MINUTE, plus } from '../model/units.ts'

export interface TimeIntervalConfig {
  readonly times?: ReadonlyArray<{ readonly start_time: string; readonly end_time: string }> | undefined
  readonly weekdays?: readonly string[] | undefined
  readonly days_of_month?: readonly string[] | undefined
  readonly months?: readonly string[] | undefined
  readonly years?: readonly string[] | undefined
  readonly location?: string | undefined
}

interface Span {
  readonly from: number
  readonly to: number
}

/** All that is said must hold; what is not said holds always. Spans are inclusive, minutes of the day exclude their end. */
export interface TimeInterval {
  readonly minutes: readonly Span[] | null
  readonly weekdays: readonly Span[] | null
  readonly daysOfMonth: readonly Span[] | null
  readonly months: readonly Span[] | null
  readonly years: readonly Span[] | null
  readonly calendar: Intl.DateTimeFormat
}

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']
const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
]

export function compileTimeInterval(config: TimeIntervalConfig): TimeInterval {
  const spans = (
    texts: readonly string[] | undefined,
    what: string,
    read: (text: string) => number,
    least: number,
    most: number,
  ) =>
    texts === undefined || texts.length === 0
      ? null
      : texts.map((text) => span(text, what, read, least, most))
  return {
    minutes:
      config.times === undefined || config.times.length === 0
        ? null
        : config.times.map(({ start_time, end_time }) => {
            const [from, to] = [minuteOfDay(start_time), minuteOfDay(end_time)]
            if (from >= to)
              throw new ConfigError(`times: the start ${start_time} is not before the end ${end_time}`)
            return { from, to: to - 1 }
          }),
    weekdays: spans(config.weekdays, 'weekdays', (text) => nameOrNumber(text, WEEKDAYS, 0), 0, 6),
    daysOfMonth: spans(config.days_of_month, 'days_of_month', Number, -31, 31),
    months: spans(config.months, 'months', (text) => nameOrNumber(text, MONTHS, 1), 1, 12),
    years: spans(config.years, 'years', Number, 0, 9_999),
    calendar: calendarOf(config.location ?? 'UTC'),
  }
}

const nameOrNumber = (text: string, names: readonly string[], first: number): number => {
  const index = names.indexOf(text.toLowerCase())
  return index >= 0 ? index + first : /^\d+$/.test(text) ? Number(text) : Number.NaN
}

function span(text: string, what: string, read: (text: string) => number, least: number, most: number): Span {
  const parts = text.split(':').map((part) => part.trim())
  const [from, to] = [read(parts[0]!), read(parts[1] ?? parts[0]!)]
  const good = (n: number) =>
    Number.isInteger(n) && n >= least && n <= most && !(what === 'days_of_month' && n === 0)
  if (parts.length > 2 || !good(from) || !good(to) || (from > to && Math.sign(from) === Math.sign(to))) {
    throw new ConfigError(
      `${what}: expected a value or a range such as a:b between ${least} and ${most}, found ${JSON.stringify(text)}`,
    )
  }
  return { from, to }
}

function minuteOfDay(text: string): number {
  const match = /^(\d{2}):(\d{2})$/.exec(text)
  const minutes = match ? Number(match[1]) * 60 + Number(match[2]) : Number.NaN
  if (!match || Number(match[2]) > 59 || minutes > 24 * 60) {
    throw new ConfigError(`times: expected HH:MM between 00:00 and 24:00, found ${JSON.stringify(text)}`)
  }
  return minutes
}

function calendarOf(location: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: location === 'Local' ? Intl.DateTimeFormat().resolvedOptions().timeZone : location,
      hourCycle: 'h23',
      weekday: 'long',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    })
  } catch (error) {
    throw new ConfigError(`location: ${JSON.stringify(location)} is not a time zone`, { cause: error })
  }
}

export function withinInterval(interval: TimeInterval, at: Timestamp): boolean {
  const parts = Object.fromEntries(
    interval.calendar.formatToParts(at).map(({ type, value }) => [type, value]),
  )
  const [year, month, day] = [Number(parts['year']), Number(parts['month']), Number(parts['day'])]
  const minute = Number(parts['hour']) * 60 + Number(parts['minute'])
  const holds = (spans: readonly Span[] | null, value: number) =>
    spans === null || spans.some(({ from, to }) => from <= value && value <= to)
  return (
    holds(interval.minutes, minute) &&
    holds(interval.weekdays, WEEKDAYS.indexOf(parts['weekday']!.toLowerCase())) &&
    holds(interval.months, month) &&
    holds(interval.years, year) &&
    (interval.daysOfMonth === null ||
      interval.daysOfMonth.some((days) => holdsDay(days, day, daysIn(year, month))))
  )
}

const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate()

/** Negative days count from the end of the month: -1 is its last day. */
function holdsDay({ from, to }: Span, day: number, last: number): boolean {
  const real = (n: number) => (n < 0 ? last + n + 1 : n)
  return real(from) <= day && day <= Math.min(real(to), last)
}

export type TimeIntervals = ReadonlyMap<string, readonly TimeInterval[]>

export const withinNamed = (intervals: TimeIntervals, name: string, at: Timestamp): boolean =>
  (intervals.get(name) ?? []).some((interval) => withinInterval(interval, at))

const LOOK_AHEAD = (14 * DAY) as Millis

/** The next full minute at which `holds` is no longer so, within two weeks; null where it is later or never. */
export function endOf(holds: (at: Timestamp) => boolean, now: Timestamp): Timestamp | null {
  const first = (Math.floor(now / MINUTE) + 1) * MINUTE
  // Steps of a quarter of an hour find the change, minutes then place it: calendars change on the minute.
  const step = (15 * MINUTE) as Millis
  for (let at = first as Timestamp; at <= now + LOOK_AHEAD; at = plus(at, step)) {
    if (holds(at)) continue
    let exact = Math.max(first, at - step + MINUTE) as Timestamp
    while (exact < at && holds(exact)) exact = plus(exact, MINUTE)
    return exact
  }
  return null
}
