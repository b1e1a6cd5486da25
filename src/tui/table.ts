// The one table: arranges rows (filter, sort), lays out columns for a width, and draws a window of rows.
import { type Line, type Span, fit, line, span, widthOf } from './line.ts'
import type { Column, ListScreen, Look } from './screen.ts'
import { GLYPH, TONE } from './state.ts'
import { UNKNOWN } from './words.ts'

type List = ListScreen<unknown>

export interface Sort {
  readonly column: string
  readonly descending: boolean
}

/** Widths are taken from this many rows: the same whatever part is looked at, and bounded. */
const MEASURED_ROWS = 500
const GAP = 2
const STATE_WIDTH = 9
/** Texts may be cut to this before a column goes. */
const LEAST_TEXT = 24

/** Rows that the filter lets through (`!` in front: that it does not), in the order of the sort. */
export function arrange(
  screen: List,
  rows: readonly unknown[],
  { filter, sort }: { readonly filter: string; readonly sort: Sort | null },
  look: Look,
): readonly unknown[] {
  const shown = filter === '' ? rows : rows.filter(matches(screen, filter, look))
  const column = screen.columns.find(({ name }) => name === sort?.column)
  if (sort === null || column === undefined) return shown
  const keyed = shown.map((row) => ({
    row,
    key: column.key?.(row) ?? (column.key ? null : column.text(row, look)),
  }))
  return keyed.toSorted((a, b) => compare(a.key, b.key, sort.descending)).map(({ row }) => row)
}

function matches(screen: List, filter: string, look: Look): (row: unknown) => boolean {
  const inverted = filter.startsWith('!')
  const wanted = (inverted ? filter.slice(1) : filter).toLowerCase()
  if (wanted === '') return () => true
  return (row) => {
    const texts = [screen.health(row, look).word, ...screen.columns.map((column) => column.text(row, look))]
    return texts.some((text) => text.toLowerCase().includes(wanted)) !== inverted
  }
}

function compare(a: number | string | null, b: number | string | null, descending: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  const order = a < b ? -1 : a > b ? 1 : 0
  return descending ? -order : order
}

/** The first row to draw, so that the cursor is on the screen and the window moves no more than it must. */
export function windowTop(total: number, cursor: number, height: number, before: number): number {
  const most = Math.max(0, total - height)
  const top = Math.min(Math.max(before, cursor - height + 1), cursor)
  return Math.max(0, Math.min(top, most))
}

export interface Laid {
  readonly column: Column<unknown>
  readonly width: number
}

/** The columns that fit, each as wide as its texts; where it is narrow the highest rank goes first. */
export function layOut(screen: List, rows: readonly unknown[], width: number, look: Look): readonly Laid[] {
  const measured = rows.slice(0, MEASURED_ROWS)
  let kept = screen.columns.flatMap((column): Measured[] => {
    let widest = 0
    // A column that says nothing is not there.
    let used = measured.length === 0
    for (const row of measured) {
      const { text } = span(column.text(row, look))
      used ||= text !== '' && text !== UNKNOWN
      widest = Math.max(widest, widthOf(text))
    }
    if (!used) return []
    const natural = Math.min(column.max ?? 40, Math.max(widest, widthOf(column.name) + 1))
    // Numbers cut in half lie; names may be cut.
    return [{ column, natural, width: column.align === 'right' ? natural : Math.min(natural, LEAST_TEXT) }]
  })
  const left = () => width - STATE_WIDTH - kept.reduce((sum, laid) => sum + laid.width + GAP, 0)
  while (kept.length > 1 && left() < 0) {
    const highest = kept.reduce((rank, { column }) => Math.max(rank, column.rank), 0)
    if (highest === 0) break
    kept = kept.toSpliced(
      kept.findLastIndex(({ column }) => column.rank === highest),
      1,
    )
  }
  return widened(kept, left())
}

interface Measured extends Laid {
  readonly natural: number
}

const LEAST_WIDTH = 8

/** What is missing comes from the widest texts, evenly: numbers cut in half lie. */
function narrowed(kept: readonly Measured[], missing: number): readonly Laid[] {
  const laid = kept.map(({ column, width }) => ({ column, width }))
  const texts = laid.filter(({ column }) => column.align !== 'right')
  for (let rest = missing; rest > 0; rest--) {
    const widest = texts.reduce((a, b) => (b.width > a.width ? b : a), texts[0] ?? laid[0]!)
    if (widest.width <= LEAST_WIDTH) break
    widest.width -= 1
  }
  return laid
}

/** What is left goes to the texts that were cut, from the left. */
function widened(kept: readonly Measured[], left: number): readonly Laid[] {
  if (left < 0) return narrowed(kept, -left)
  let rest = left
  return kept.map(({ column, natural, width }) => {
    const more = Math.max(0, Math.min(rest, natural - width))
    rest -= more
    return { column, width: width + more }
  })
}

export function headLine(laid: readonly Laid[], sort: Sort | null): Line {
  const cells = laid.map(({ column, width }) => {
    const arrow = sort?.column === column.name ? (sort.descending ? '↓' : '↑') : ''
    return fit(column.name + arrow, width, column.align)
  })
  return line(
    span(fit('STATE', STATE_WIDTH), 'dim'),
    ...cells.map((cell) => span(' '.repeat(GAP) + cell, 'dim')),
  )
}

export function rowLine(
  screen: List,
  row: unknown,
  laid: readonly Laid[],
  look: Look,
  { selected, marked }: { readonly selected: boolean; readonly marked: boolean },
): Line {
  const { state, word, stale } = screen.health(row, look)
  const spans: Span[] = [span(fit(`${GLYPH[state]} ${word}`, STATE_WIDTH), TONE[state])]
  for (const { column, width } of laid) {
    const tone = column.tone?.(row, look) ?? (stale ? 'dim' : 'plain')
    spans.push(span(' '.repeat(GAP)), span(fit(column.text(row, look), width, column.align), tone))
  }
  if (marked) spans[1] = span('* ', 'accent')
  return selected ? { spans, selected: true } : { spans }
}
