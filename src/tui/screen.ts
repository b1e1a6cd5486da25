// What a screen is: data. Which answers it needs, its rows, columns, health and where its keys lead.
import type { Timestamp } from '../model/units.ts'
import type { Action } from './action.ts'
import type { Feed, Get } from './feed.ts'
import type { Line, Tone } from './line.ts'
import type { State } from './state.ts'

/** Somewhere to be: a screen, and what it is about where it is about one thing. */
export interface Place {
  readonly screen: string
  readonly subject: string
}

export interface Health {
  readonly state: State
  /** In the row's own words: `late`, `blind`, `failed`. */
  readonly word: string
  /** The rest of the row is what was last known, not what is. */
  readonly stale?: true
}

/** What is looked at: the answers so far, the time, and the subject of the place. */
export interface Look {
  readonly get: Get
  readonly now: Timestamp
  readonly subject: string
}

/** Keys that lead from a row or a page to another place. */
export const WAYS = ['enter', 'upstream', 'downstream', 'changes', 'explain'] as const
export type Way = (typeof WAYS)[number]
export type Ways = Readonly<Partial<Record<Way, Place>>>

// Methods, not function fields: screens of different rows stand in one list (parameters of methods are bivariant).
export interface Column<R> {
  readonly name: string
  /** Columns with the highest rank vanish first where it is narrow. */
  readonly rank: number
  /** Wider texts are cut. */
  readonly max?: number
  readonly align?: 'right'
  text(row: R, look: Look): string
  tone?(row: R, look: Look): Tone | undefined
  /** What it is sorted by; null sorts last. Without it the text is. */
  key?(row: R): number | string | null
}

interface Placed {
  readonly name: string
  /** One sentence for the help page and `top --help`. */
  readonly about: string
  /** Has a number of its own; the others are reached from a row. */
  readonly tab: boolean
  /** What a tab can be narrowed to by name: `:logs warn`. */
  readonly subjects?: readonly string[]
  feeds(subject: string): ReadonlyArray<Feed<unknown>>
  title(subject: string): string
}

export interface ListScreen<R> extends Placed {
  readonly kind: 'list'
  readonly columns: ReadonlyArray<Column<R>>
  /** Said where there is no row. */
  readonly empty: string
  /** Rows in the order in which they are shown until the user sorts; undefined until there is an answer. */
  rows(look: Look): readonly R[] | undefined
  id(row: R): string
  health(row: R, look: Look): Health
  ways?(row: R, look: Look): Ways
  actions?(row: R): readonly Action[]
  /** What `y` copies; the id without it. */
  copied?(row: R): string
  /** Lines above the rows, where there is room. */
  head?(look: Look, width: number): readonly Line[]
}

export interface PageScreen extends Placed {
  readonly kind: 'page'
  lines(look: Look, width: number): readonly Line[] | undefined
  /** The worst there is on it, for the exit code. */
  health?(look: Look): State
  ways?(look: Look): Ways
}

export type Screen = ListScreen<unknown> | PageScreen
