// Moments and lengths of time as template values, with the methods of Go's time.Time and time.Duration.
import { takes } from './arguments.ts'
import { formatFloat } from './print.ts'
import type { Struct } from './value.ts'

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const two = (n: number): string => String(n).padStart(2, '0')

/** Elements of a Go layout, longest first where one begins another. */
const LAYOUT =
  /January|Jan|Monday|Mon|MST|2006|Z07:00|Z0700|-07:00|-0700|-07|[.,](?:0+|9+)(?!\d)|002|01|02|03|04|05|06|15|_2|PM|pm|[1-5]/g

/** A moment in UTC: a template shows the same text wherever it is expanded. */
export function moment(epochMs: number): Struct {
  const date = new Date(epochMs)
  if (Number.isNaN(date.getTime())) throw new Error(`${epochMs / 1000} is not a time that can be shown`)
  const part = (n: number) => () => BigInt(n)
  return {
    type: 'time.Time',
    print: () => formatTime(date, '2006-01-02 15:04:05.999999999 -0700 MST'),
    fields: {
      Format: takes(['string'], (layout) => formatTime(date, layout)),
      Unix: part(Math.floor(epochMs / 1000)),
      UnixMilli: part(Math.floor(epochMs)),
      Year: part(date.getUTCFullYear()),
      Month: () => MONTHS[date.getUTCMonth()]!,
      Day: part(date.getUTCDate()),
      Hour: part(date.getUTCHours()),
      Minute: part(date.getUTCMinutes()),
      Second: part(date.getUTCSeconds()),
      Weekday: () => DAYS[date.getUTCDay()]!,
      YearDay: part(dayOfYear(date)),
      UTC: () => moment(epochMs),
      Local: () => moment(epochMs),
      String: () => formatTime(date, '2006-01-02 15:04:05.999999999 -0700 MST'),
      Add: takes(['float'], (seconds) => moment(epochMs + seconds * 1000)),
    },
  }
}

const dayOfYear = (date: Date): number =>
  Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1

function formatTime(date: Date, layout: string): string {
  const hour12 = date.getUTCHours() % 12 || 12
  const elements: Readonly<Record<string, string>> = {
    January: MONTHS[date.getUTCMonth()]!,
    Jan: MONTHS[date.getUTCMonth()]!.slice(0, 3),
    Monday: DAYS[date.getUTCDay()]!,
    Mon: DAYS[date.getUTCDay()]!.slice(0, 3),
    MST: 'UTC',
    '2006': String(date.getUTCFullYear()).padStart(4, '0'),
    'Z07:00': 'Z',
    Z0700: 'Z',
    '-07:00': '+00:00',
    '-0700': '+0000',
    '-07': '+00',
    '002': String(dayOfYear(date)).padStart(3, '0'),
    '01': two(date.getUTCMonth() + 1),
    '02': two(date.getUTCDate()),
    '03': two(hour12),
    '04': two(date.getUTCMinutes()),
    '05': two(date.getUTCSeconds()),
    '06': two(date.getUTCFullYear() % 100),
    '15': two(date.getUTCHours()),
    _2: String(date.getUTCDate()).padStart(2),
    PM: date.getUTCHours() < 12 ? 'AM' : 'PM',
    pm: date.getUTCHours() < 12 ? 'am' : 'pm',
    '1': String(date.getUTCMonth() + 1),
    '2': String(date.getUTCDate()),
    '3': String(hour12),
    '4': String(date.getUTCMinutes()),
    '5': String(date.getUTCSeconds()),
  }
  return layout.replaceAll(LAYOUT, (element) => elements[element] ?? fraction(date, element))
}

/** `.000` keeps its digits, `.999` drops zeros at the end. */
function fraction(date: Date, element: string): string {
  const digits = String(date.getUTCMilliseconds())
    .padStart(3, '0')
    .padEnd(9, '0')
    .slice(0, element.length - 1)
  if (element[1] === '0') return element[0]! + digits
  const trimmed = digits.replace(/0+$/, '')
  return trimmed === '' ? '' : element[0]! + trimmed
}

/** A length of time in seconds. */
export function duration(seconds: number): Struct {
  const text = formatDuration(seconds)
  return {
    type: 'time.Duration',
    number: seconds,
    print: () => text,
    fields: {
      Seconds: () => seconds,
      Minutes: () => seconds / 60,
      Hours: () => seconds / 3600,
      Milliseconds: () => BigInt(Math.trunc(seconds * 1000)),
      String: () => text,
    },
  }
}

/** As Go prints a duration: `1h2m3.5s`, `1.5ms`, `0s`. */
function formatDuration(seconds: number): string {
  const sign = seconds < 0 ? '-' : ''
  const size = Math.abs(seconds)
  const short = (value: number, unit: string): string =>
    `${sign}${formatFloat(Number(value.toPrecision(15)), 'f', -1)}${unit}`
  if (size === 0) return '0s'
  if (size < 1e-6) return short(size * 1e9, 'ns')
  if (size < 1e-3) return short(size * 1e6, 'µs')
  if (size < 1) return short(size * 1e3, 'ms')
  const hours = Math.floor(size / 3600)
  const minutes = Math.floor((size % 3600) / 60)
  const rest = formatFloat(Number((size % 60).toFixed(9)), 'f', -1)
  return `${sign}${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${rest}s`
}
