// On which days something is due: weekdays, public holidays by country, the nth business day, exceptions.
import Holidays from 'date-holidays'
import { z } from 'zod'
import { type Timestamp, DAY } from '../model/units.ts'

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const
const WORKING = new Set<string>(['mon', 'tue', 'wed', 'thu', 'fri'])
/** Dates that an expectation may except or add. */
const DATES_MAX = 1_000

const Day = z
  .string()
  .regex(/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, 'expected a date such as 2026-12-24')

/** `DE` or `DE-BE` stands for the public holidays of a country or of one of its states. */
const Place = z.string().refine((place) => holidaysOf(place) !== null, {
  error: (issue) =>
    `no holidays are known for ${JSON.stringify(issue.input)}; expected a country such as DE, or a state such as DE-BE`,
})

export const Calendar = z.union([
  Place,
  z.strictObject({
    country: Place.optional().describe('No deadline on public holidays of this country or state.'),
    weekdays: z.array(z.enum(DAYS)).min(1).optional().describe('Deadlines on these days of the week only.'),
    business_day: z
      .int()
      .min(-23)
      .max(23)
      .refine((nth) => nth !== 0, 'business days count from 1, or from -1 backwards')
      .optional()
      .describe('Only the nth business day of each month; -1 is the last.'),
    except: z.array(Day).max(DATES_MAX).optional().describe('No deadline on these days.'),
    also: z.array(Day).max(DATES_MAX).optional().describe('A deadline on these days whatever else is said.'),
  }),
])
export type Calendar = z.output<typeof Calendar>

/** A day as it is written: 2026-12-24, where the deadline's time zone is. */
type DayText = string

/** Whether a day has its deadlines. Days are asked for one by one; years of holidays are worked out once. */
export function createCalendar(calendar: Calendar | undefined): (day: DayText) => boolean {
  const {
    country,
    weekdays,
    business_day: nth,
    except,
    also,
  } = typeof calendar === 'object' ? calendar : { country: calendar }
  const isHoliday = country === undefined ? () => false : holidaysOf(country)!
  const [without, extra] = [new Set(except), new Set(also)]
  const chosen = new Set<string>(weekdays)
  const works = (day: DayText): boolean =>
    !without.has(day) &&
    !isHoliday(day) &&
    (chosen.size > 0 ? chosen : WORKING).has(DAYS[new Date(day).getUTCDay()]!)

  return (day) => {
    if (extra.has(day)) return true
    if (without.has(day) || isHoliday(day)) return false
    if (chosen.size > 0 && !chosen.has(DAYS[new Date(day).getUTCDay()]!)) return false
    return nth === undefined || nthBusinessDay(day, nth, works) === day
  }
}

function nthBusinessDay(day: DayText, nth: number, works: (day: DayText) => boolean): DayText | undefined {
  const month = day.slice(0, 7)
  const all = Array.from({ length: 31 }, (_, i) => `${month}-${String(i + 1).padStart(2, '0')}`)
  const days = all.filter((text) => isoDay(Date.parse(text)) === text && works(text))
  return days.at(nth > 0 ? nth - 1 : nth)
}

const isoDay = (ms: number): DayText => (Number.isNaN(ms) ? '' : new Date(ms).toISOString().slice(0, 10))

/** null for a place that has none. */
function holidaysOf(place: string): ((day: DayText) => boolean) | null {
  const [country, state, region, ...rest] = place.split('-')
  if (rest.length > 0 || !/^[A-Z]{2}$/.test(country!)) return null
  const holidays = new Holidays()
  holidays.init(country, state!, region!, { types: ['public'] })
  const known = state === undefined || Object.keys(new Holidays().getStates(country!) ?? {}).includes(state)
  if (!known || holidays.getHolidays(2024).length === 0) return null
  const years = new Map<string, ReadonlySet<DayText>>()
  return (day) => {
    const year = day.slice(0, 4)
    const days = years.get(year) ?? wholeDays(holidays, Number(year))
    years.set(year, days)
    return days.has(day)
  }
}

/** Holidays that last a day or longer: half a day off still has its deadlines. */
function wholeDays(holidays: Holidays, year: number): ReadonlySet<DayText> {
  // One that begins on the last day of the year before may reach into this one.
  const all = [year - 1, year].flatMap((of) => holidays.getHolidays(of))
  return new Set(
    all.flatMap(({ date, start, end }) => {
      const length = Math.round((end.getTime() - start.getTime()) / DAY)
      const first = Date.parse(date.slice(0, 10))
      return Array.from({ length: date.includes(' 00:00') || length > 0 ? length : 0 }, (_, i) =>
        isoDay(first + i * DAY),
      )
    }),
  )
}

/** A moment's day where the time zone is. */
export function dayIn(timezone: string): (at: Timestamp) => DayText {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: timezone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  })
  return (at) => format.format(at)
}
