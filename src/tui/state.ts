// How something is, as every screen says it: a glyph, a word and a tone, never a colour alone.
import type { Tone } from './line.ts'

export type State = 'ok' | 'warn' | 'bad' | 'unknown'

export const GLYPH: Readonly<Record<State, string>> = { ok: '●', warn: '▲', bad: '✖', unknown: '?' }
export const TONE: Readonly<Record<State, Tone>> = { ok: 'ok', warn: 'warn', bad: 'bad', unknown: 'unknown' }

/** Worst first. */
const ORDER: readonly State[] = ['bad', 'warn', 'unknown', 'ok']

export const badness = (state: State): number => ORDER.indexOf(state)
export const worst = (states: Iterable<State>): State => {
  let found: State = 'ok'
  for (const state of states) if (badness(state) < badness(found)) found = state
  return found
}
