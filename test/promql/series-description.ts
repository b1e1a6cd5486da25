// Series as test files write them: `metric{a="b"} 1 2+3x4 _ stale` (prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series).
import type { Labels } from '../../src/model/series.ts'
import { allMatchers } from '../../src/promql/ast.ts'
import { parseNumber } from '../../src/promql/go.ts'
import { parse } from '../../src/promql/parse.ts'

/** null: no sample at this place. `native`: a native histogram, which is not read. */
export type SeriesValue = number | 'stale' | 'native' | null

export interface SeriesDescription {
  readonly labels: Labels
  readonly values: readonly SeriesValue[]
}

export function parseSeriesDescription(text: string): SeriesDescription {
  const split = endOfMetric(text)
  const metric = text.slice(0, split).trim()
  const labels: Record<string, string> = {}
  // A bare {} is a series without labels, though no selector.
  if (!/^(\{\s*\})?$/.test(metric)) {
    const selector = parse(metric)
    if (selector.kind !== 'selector') throw new Error(`not a series: ${text}`)
    for (const { name, op, value } of allMatchers(selector)) {
      if (op !== '=') throw new Error(`unexpected "${op}" in label set: ${text}`)
      labels[name] = value
    }
  }
  return { labels, values: parseValues(text, split) }
}

/** Where the values begin: behind the closing brace, or behind the name. */
function endOfMetric(text: string): number {
  const match =
    /^\s*(?:[a-zA-Z_:][a-zA-Z0-9_:]*)?\s*(?:\{(?!\{)(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|[^}"'`])*\})?/.exec(
      text,
    )
  return match?.[0].length ?? 0
}

function parseValues(text: string, from: number): SeriesValue[] {
  const values: SeriesValue[] = []
  const item = /\s*(\{\{[^}]*\}\}(?:[+-]\{\{[^}]*\}\})?(?:x(\d+))?|\S+)/y
  item.lastIndex = from
  for (let match = item.exec(text); match !== null; match = item.exec(text)) {
    const [, word, histogramRepeat] = match as unknown as [string, string, string?]
    if (word.startsWith('{{')) for (let i = 0; i <= Number(histogramRepeat ?? 0); i++) values.push('native')
    else expandInto(values, word, text)
  }
  return values
}

const NUMBER = String.raw`[+-]?(?:inf|nan|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)`
const ITEM = new RegExp(String.raw`^(stale|${NUMBER})(?:([+-])(${NUMBER}))?(?:x(\d+))?$`, 'i')

/** `_`, `_xN` (N gaps), `a`, `axN` (N+1 values), `a+bxN`, `stale`. */
function expandInto(values: SeriesValue[], word: string, text: string): void {
  const gap = /^_(?:x(\d+))?$/.exec(word)
  if (gap !== null) {
    for (let i = 0; i < Number(gap[1] ?? 1); i++) values.push(null)
    return
  }
  const match = ITEM.exec(word)
  if (match === null) throw new Error(`unexpected "${word}" in series values: ${text}`)
  const [, first, sign, change, times] = match
  const step = change === undefined ? 0 : parseNumber(change)! * (sign === '-' ? -1 : 1)
  let value = first === 'stale' ? ('stale' as const) : parseNumber(first!)!
  for (let i = 0; i <= Number(times ?? 0); i++) {
    values.push(value)
    if (value !== 'stale') value += step
  }
}
