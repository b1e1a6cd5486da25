// Where the user is: a stack of views, what is typed, and what is asked. Plain values; press() makes the next one.
import type { Action } from './action.ts'
import type { Place } from './screen.ts'
import type { State } from './state.ts'
import type { Sort } from './table.ts'

export interface View {
  readonly place: Place
  /** The cursor stays on its row when rows come, go or change their order. */
  readonly cursorId: string | null
  readonly cursor: number
  /** First row or line of the window. */
  readonly top: number
  readonly filter: string
  readonly sort: Sort | null
  readonly marks: ReadonlySet<string>
}

export type Mode =
  | { readonly kind: 'browse' }
  | { readonly kind: 'filter'; readonly text: string; readonly before: string }
  | { readonly kind: 'command'; readonly text: string }
  | { readonly kind: 'reason'; readonly actions: readonly Action[]; readonly text: string }
  | { readonly kind: 'confirm'; readonly actions: readonly Action[]; readonly reason: string }
  | { readonly kind: 'help'; readonly top: number }

export interface Notice {
  readonly state: State
  readonly text: string
}

export interface Ui {
  readonly stack: readonly View[]
  readonly mode: Mode
  readonly notice: Notice | null
}

/** What a key asks of the world. */
export type Effect =
  | { readonly kind: 'quit' }
  | { readonly kind: 'refresh' }
  | { readonly kind: 'copy'; readonly text: string }
  | { readonly kind: 'do'; readonly actions: readonly Action[]; readonly reason: string }
  | { readonly kind: 'print'; readonly actions: readonly Action[]; readonly reason: string }

export interface Pressed {
  readonly ui: Ui
  readonly effect?: Effect
}

export const viewOf = (place: Place): View => ({
  place,
  cursorId: null,
  cursor: 0,
  top: 0,
  filter: '',
  sort: null,
  marks: new Set(),
})

export const BROWSE: Mode = { kind: 'browse' }

export const start = (place: Place): Ui => ({ stack: [viewOf(place)], mode: BROWSE, notice: null })

export const current = (ui: Ui): View => ui.stack.at(-1)!

export const withView = (ui: Ui, change: Partial<View>): Ui => ({
  ...ui,
  stack: [...ui.stack.slice(0, -1), { ...current(ui), ...change }],
})
