// What the current view shows before it is drawn: its rows in order, its columns, and which part is in the window.
import { type Line, EMPTY } from './line.ts'
import { BINDINGS, GROUPS, spellKeys } from './keys.ts'
import { line, span } from './line.ts'
import { millis } from '../model/units.ts'
import type { Look, Screen } from './screen.ts'
import { screenOf } from './screens.ts'
import { GLYPH, TONE, type State } from './state.ts'
import { type Laid, arrange, layOut, windowTop } from './table.ts'
import { type Ui, type View, current } from './view.ts'

export interface Size {
  readonly columns: number
  readonly rows: number
}

export const LEAST: Size = { columns: 40, rows: 8 }
/** Below this height tabs and titles make room for rows. */
const ROOMY = 16
const HEAD_FROM = 20
/** Time alone makes tables late: thousands of rows are judged and ordered anew this often, what is seen of them at each tick. */
const REARRANGED_EVERY = millis(5_000)

interface Common {
  readonly view: View
  readonly look: Look
  readonly roomy: boolean
  /** Rows of the window that rows or lines of the page may take. */
  readonly height: number
  readonly top: number
}
export interface ListScene extends Common {
  readonly kind: 'list'
  readonly screen: Extract<Screen, { kind: 'list' }>
  /** Undefined until there is an answer. */
  readonly rows: readonly unknown[] | undefined
  readonly total: number
  readonly laid: readonly Laid[]
  readonly cursor: number
  readonly head: readonly Line[]
}
export interface PageScene extends Common {
  readonly kind: 'page'
  readonly screen: Extract<Screen, { kind: 'page' }> | null
  readonly lines: readonly Line[] | undefined
}
export type Scene = ListScene | PageScene

/** The last arrangement: keys that only move the cursor find it again. */
export interface Memo {
  inputs: readonly unknown[]
  rows: readonly unknown[] | undefined
  total: number
  laid: readonly Laid[]
}

export const newMemo = (): Memo => ({ inputs: [], rows: undefined, total: 0, laid: [] })

export function sceneOf(ui: Ui, look: Look, size: Size, memo: Memo): Scene {
  const view = current(ui)
  const screen = screenOf(view.place.screen)!
  const roomy = size.rows >= ROOMY
  // Above: the header; with room also tabs and title. Below: the footer; with room also a line for notices.
  const space = size.rows - (roomy ? 3 : 1) - (roomy ? 2 : 1)
  const page = (lines: readonly Line[] | undefined, top: number, of: PageScene['screen']): PageScene => ({
    kind: 'page',
    screen: of,
    view,
    look,
    roomy,
    height: space,
    lines,
    top: Math.max(0, Math.min(top, (lines?.length ?? 0) - space)),
  })
  if (ui.mode.kind === 'help') return page(helpLines(), ui.mode.top, null)
  if (screen.kind === 'page') return page(screen.lines(look, size.columns - 2), view.top, screen)
  const head = size.rows >= HEAD_FROM ? (screen.head?.(look, size.columns - 2) ?? []) : []
  const height = Math.max(1, space - 1 - head.length)
  const { rows, total, laid } = arranged(screen, view, look, size.columns - 2, memo)
  const cursor = cursorIn(screen, rows ?? [], view)
  const top = windowTop(rows?.length ?? 0, cursor, height, view.top)
  return { kind: 'list', screen, view, look, roomy, height, head, rows, total, laid, cursor, top }
}

function arranged(screen: ListScene['screen'], view: View, look: Look, width: number, memo: Memo): Memo {
  const { filter, sort, place } = view
  const values = screen.feeds(place.subject).map((feed) => look.get(feed))
  const slot = Math.floor(look.now / REARRANGED_EVERY)
  const inputs = [screen, place.subject, filter, sort, width, slot, ...values]
  if (inputs.length === memo.inputs.length && inputs.every((input, i) => input === memo.inputs[i]))
    return memo
  const all = screen.rows(look)
  memo.inputs = inputs
  memo.rows = all && arrange(screen, all, { filter, sort }, look)
  memo.total = all?.length ?? 0
  memo.laid = layOut(screen, all ?? [], width, look)
  return memo
}

function cursorIn(screen: ListScene['screen'], rows: readonly unknown[], view: View): number {
  const there = rows[view.cursor]
  if (view.cursorId === null || (there !== undefined && screen.id(there) === view.cursorId))
    return clamp(view.cursor, rows.length)
  const moved = rows.findIndex((row) => screen.id(row) === view.cursorId)
  return moved >= 0 ? moved : clamp(view.cursor, rows.length)
}

export const clamp = (index: number, count: number): number => Math.max(0, Math.min(index, count - 1))

function helpLines(): readonly Line[] {
  const width = Math.max(...BINDINGS.map((binding) => spellKeys(binding).length)) + 2
  const states: ReadonlyArray<readonly [State, string]> = [
    ['ok', 'as expected'],
    ['warn', 'late, slow or wasteful: look at it today'],
    ['bad', 'broken, blind or overdue: look at it now'],
    ['unknown', 'could not be found out'],
  ]
  return [
    ...GROUPS.flatMap((group) => [
      line(span(group, 'title')),
      ...BINDINGS.filter((binding) => binding.group === group).map((binding) =>
        line(span(`  ${spellKeys(binding).padEnd(width)}`, 'key'), binding.does),
      ),
      EMPTY,
    ]),
    line(span('Signs', 'title')),
    ...states.map(([state, means]) =>
      line(span(`  ${GLYPH[state]} ${state}`.padEnd(width + 2), TONE[state]), means),
    ),
  ]
}
