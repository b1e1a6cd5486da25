// The units every part shares: branded numbers, and how people write and read them.

/** Epoch milliseconds, UTC. */
export type Timestamp = number & { readonly unit: 'epoch-ms' }
/** A length of time in milliseconds. */
export type Millis = number & { readonly unit: 'ms' }
export type Bytes = number & { readonly unit: 'bytes' }
export type Usd = number & { readonly unit: 'usd' }

export const timestamp = (epochMs: number): Timestamp => epochMs as Timestamp
export const millis = (ms: number): Millis => ms as Millis
export const bytes = (count: number): Bytes => count as Bytes
export const usd = (dollars: number): Usd => dollars as Usd

export const SECOND = millis(1_000)
export const MINUTE = millis(60_000)
export const HOUR = millis(3_600_000)
export const DAY = millis(86_400_000)

export const KIB = bytes(1_024)
export const MIB = bytes(1_048_576)
export const GIB = bytes(1_073_741_824)

export const plus = (at: Timestamp, length: Millis): Timestamp => timestamp(at + length)
export const between = (from: Timestamp, to: Timestamp): Millis => millis(to - from)

const DURATION_UNITS: ReadonlyArray<readonly [string, number]> = [
  ['y', 365 * DAY],
  ['w', 7 * DAY],
  ['d', DAY],
  ['h', HOUR],
  ['m', MINUTE],
  ['s', SECOND],
  ['ms', 1],
]
const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/

/** Parses a Prometheus duration (`1h30m`, `15s`, `2w`); undefined when it is not one. */
export function parseDuration(text: string): Millis | undefined {
  if (text === '0') return millis(0)
  const match = text === '' ? null : DURATION.exec(text)
  if (!match) return undefined
  const total = DURATION_UNITS.reduce((sum, [, unit], i) => sum + Number(match[i + 1] ?? 0) * unit, 0)
  return Number.isSafeInteger(total) ? millis(total) : undefined
}

/** Prints a duration so that parseDuration reads it back: `1h30m`, `0s`. */
export function printDuration(length: Millis): string {
  if (length === 0) return '0s'
  let rest: number = length
  let text = ''
  for (const [name, unit] of DURATION_UNITS) {
    const count = Math.floor(rest / unit)
    // Prometheus prints weeks and years only where nothing is left over: 8d reads better than 1w1d.
    if (count === 0 || ((name === 'y' || name === 'w') && rest % unit !== 0)) continue
    text += `${count}${name}`
    rest -= count * unit
  }
  return text
}

/** A length as a person says it, two units at most: `3 h 12 min`, `45 s`, `12 d`. */
export function readableDuration(length: Millis): string {
  const seconds = Math.round(Math.abs(length) / SECOND)
  const sign = length < 0 ? '-' : ''
  if (seconds < 60) return `${sign}${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${sign}${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${sign}${hours} h${minutes % 60 ? ` ${minutes % 60} min` : ''}`
  const days = Math.floor(hours / 24)
  return `${sign}${days} d${days < 14 && hours % 24 ? ` ${hours % 24} h` : ''}`
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** Bytes in binary units with three significant digits: `1.21 GiB`. */
export function readableBytes(count: Bytes): string {
  let value: number = count
  let unit = 0
  while (Math.abs(value) >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  const digits = unit === 0 || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit]}`
}

/** A count with thousands separated: `1,111,930`. */
export const readableCount = (count: number): string => count.toLocaleString('en-US')

const LEAST_USD = 1e-9

/** Dollars as a bill says them, smaller ones with the digits that matter: `$1,204`, `$3.50`, `$0.0021`. */
export function readableUsd(amount: Usd): string {
  const size = Math.abs(amount)
  // What is left of adding up is nothing; what is small is not.
  if (size < LEAST_USD) return '$0'
  const digits = size >= 100 ? 0 : size >= 0.1 ? 2 : 4
  const text = size.toLocaleString(
    'en-US',
    size < 0.0001
      ? { maximumSignificantDigits: 3 }
      : { minimumFractionDigits: digits, maximumFractionDigits: digits },
  )
  return `${amount < 0 ? '-' : ''}$${text}`
}
