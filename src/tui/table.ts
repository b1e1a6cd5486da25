// The one table: arranges rows (filter, sort), lays out columns for a width, and draws a window of rows.
import { type Line, type Span, fit, line, span, widthOf } from './line.ts'
import type { Column, ListScreen, Look } from './screen.ts'
import { GLYPH, TONE } from './state.ts'

type List = ListScreen<unknown>

export interface Sort {
  readonly column: string
  readonly descending: boolean
}

/** Widths are taken from this many rows: the same whatever part is looked at, and bounded. */
const MEASURED_ROWS = 500
const GAP = 2
const STATE_WIDTH = 9

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
  const natural = screen.columns.map((column) => {
    let widest = 0
    for (const row of measured) widest = Math.max(widest, widthOf(column.text(row, look)))
    // A column that says nothing is not there.
    const used = measured.length === 0 || widest > 0
    return { column, used, width: Math.min(column.max ?? 40, Math.max(widest, widthOf(column.name) + 1)) }
  })
  let kept = natural.filter(({ used }) => used)
  const needed = () => STATE_WIDTH + kept.reduce((sum, laid) => sum + laid.width + GAP, 0)
  while (kept.length > 1 && needed() > width) {
    const highest = kept.reduce((rank, { column }) => Math.max(rank, column.rank), 0)
    if (highest === 0) break
    const last = kept.findLastIndex(({ column }) => column.rank === highest)
    kept = kept.toSpliced(last, 1)
  }
  const over = needed() - width
  return kept.map((laid, i) =>
    i === 0 && over > 0 ? { ...laid, width: Math.max(8, laid.width - over) } : laid,
  )
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
  const { state, word } = screen.health(row, look)
  const spans: Span[] = [span(fit(`${GLYPH[state]} ${word}`, STATE_WIDTH), TONE[state])]
  for (const { column, width } of laid) {
    const tone = column.tone?.(row, look) ?? 'plain'
    spans.push(span(' '.repeat(GAP)), span(fit(column.text(row, look), width, column.align), tone))
  }
  if (marked) spans[1] = span('* ', 'accent')
  return selected ? { spans, selected: true } : { spans }
}
