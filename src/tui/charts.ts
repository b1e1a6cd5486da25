// Small pictures out of characters: bars, a line of the day, a time axis, and runs beside each other.
import type { Timestamp } from '../model/units.ts'
import { type Line, type Tone, fit, line, span } from './line.ts'
import { moment } from './words.ts'

const BARS = '▁▂▃▄▅▆▇█'

/** One character a value; a space is a value that is not known, `·` is zero. */
export function sparkline(values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null)
  const high = Math.max(...known, 0)
  return values
    .map((value) => {
      if (value === null || Number.isNaN(value)) return ' '
      if (value <= 0) return '·'
      return BARS[Math.min(BARS.length - 1, Math.floor((value / high) * BARS.length))]!
    })
    .join('')
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** A bar of at most `width` cells, to an eighth of a cell; what is there at all shows. */
export function bar(value: number, most: number, width: number): string {
  if (most <= 0 || value <= 0) return ''
  const eighths = Math.max(1, Math.round((value / most) * width * 8))
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!
}

export interface Mark {
  readonly at: Timestamp
  readonly sign: string
  readonly tone: Tone
}

export interface Axis {
  readonly from: Timestamp
  readonly to: Timestamp
  readonly width: number
}

const place = ({ from, to, width }: Axis, at: Timestamp): number =>
  Math.floor(((at - from) / Math.max(1, to - from)) * width)

/** What happened, added up by cell of the axis. */
export function bars(
  axis: Axis,
  events: ReadonlyArray<{ readonly at: Timestamp; readonly size: number }>,
): string {
  const sums = Array.from<number>({ length: axis.width }).fill(0)
  for (const { at, size } of events) {
    const cell = Math.min(place(axis, at), axis.width - 1)
    if (cell >= 0) sums[cell]! += Math.max(size, Number.MIN_VALUE)
  }
  return sparkline(sums).replaceAll('·', ' ')
}

/** Signs at their times; a later mark covers an earlier one in the same cell. */
export function marks(axis: Axis, all: readonly Mark[]): Line {
  const cells = Array.from({ length: axis.width }, () => span(' '))
  for (const { at, sign, tone } of all) {
    const cell = Math.min(place(axis, at), axis.width - 1)
    if (cell >= 0) cells[cell] = span(sign, tone)
  }
  return line(...cells)
}

export const axisLabels = ({ from, to, width }: Axis): Line => {
  const [left, right] = [moment(from).slice(0, 16), moment(to).slice(0, 16)]
  return line(span(fit(left, Math.max(0, width - right.length)) + right, 'dim'))
}

/** Something from start to end as a bar on the axis: what follows it begins where it ends. */
export function stretch(axis: Axis, start: Timestamp, end: Timestamp, filled = '█'): string {
  const last = axis.width - 1
  const first = Math.max(0, Math.min(place(axis, start), last))
  const after = Math.max(first + 1, Math.min(place(axis, end), axis.width))
  return ' '.repeat(first) + filled.repeat(after - first)
}

export interface Stretch {
  readonly from: Timestamp
  readonly to: Timestamp
  readonly tone: Tone
}

/** Stretches of time on one line; a later one covers an earlier one. What lies outside of the axis is left out. */
export function stretches(axis: Axis, all: readonly Stretch[], filled = '━'): Line {
  const cells = Array.from({ length: axis.width }, () => span(' '))
  for (const { from, to, tone } of all) {
    if (to < axis.from || from > axis.to) continue
    const first = Math.max(0, Math.min(place(axis, from), axis.width - 1))
    const after = Math.max(first + 1, Math.min(place(axis, to), axis.width))
    for (let cell = first; cell < after; cell++) cells[cell] = span(filled, tone)
  }
  return line(...cells)
}
