// Label sets inside the engine: sorted pairs, compared and keyed once and then by identity.
import type { Labels } from '../model/series.ts'
import { NAME } from './ast.ts'

/** Go compares bytes, JavaScript UTF-16 units: they differ where a surrogate meets U+E000 and above. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x === y) continue
    const lift = (unit: number) => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit)
    return lift(x) - lift(y)
  }
  return a.length - b.length
}

/** Names sorted, then name, value, name, value…; no empty values. */
export type Pairs = readonly string[]

export interface Metric {
  readonly pairs: Pairs
  /** Equal label sets have equal keys. */
  readonly key: string
}

const metricOfLabels = new WeakMap<Labels, Metric>()

/** The same Metric for the same labels object. */
export function metricOf(labels: Labels): Metric {
  let metric = metricOfLabels.get(labels)
  if (metric === undefined) {
    metric = fromPairs(pairsOf(labels))
    metricOfLabels.set(labels, metric)
  }
  return metric
}

function pairsOf(labels: Labels): string[] {
  const names = Object.keys(labels)
    .filter((name) => labels[name] !== '')
    .sort(compareText)
  return names.flatMap((name) => [name, labels[name]!])
}

const SEPARATOR = '\u0000'
const keyOf = (pairs: Pairs): string => pairs.join(SEPARATOR)
export const fromPairs = (pairs: Pairs): Metric => ({ pairs, key: keyOf(pairs) })

export const labelsKey = (labels: Labels): string => keyOf(pairsOf(labels))

export const EMPTY: Metric = { pairs: [], key: '' }

export function labelOf({ pairs }: Metric, name: string): string {
  for (let i = 0; i < pairs.length; i += 2) if (pairs[i] === name) return pairs[i + 1]!
  return ''
}

export function toLabels({ pairs }: Metric): Labels {
  const labels: Record<string, string> = {}
  for (let i = 0; i < pairs.length; i += 2) {
    // A label called __proto__ is a label, not a prototype.
    if (pairs[i] === '__proto__')
      Object.defineProperty(labels, '__proto__', { value: pairs[i + 1]!, enumerable: true })
    else labels[pairs[i]!] = pairs[i + 1]!
  }
  return labels
}

/** Pairs whose name the test keeps. */
export function keepLabels(metric: Metric, keep: (name: string) => boolean): Metric {
  const pairs: string[] = []
  for (let i = 0; i < metric.pairs.length; i += 2)
    if (keep(metric.pairs[i]!)) pairs.push(metric.pairs[i]!, metric.pairs[i + 1]!)
  return pairs.length === metric.pairs.length ? metric : fromPairs(pairs)
}

/** Sets labels; an empty value removes. */
export function withLabels(metric: Metric, changes: ReadonlyArray<readonly [string, string]>): Metric {
  const pairs = [...metric.pairs]
  for (const [name, value] of changes) {
    let at = 0
    while (at < pairs.length && pairs[at] !== name && compareText(pairs[at]!, name) < 0) at += 2
    const taken = pairs[at] === name ? 2 : 0
    if (value === '') pairs.splice(at, taken)
    else pairs.splice(at, taken, name, value)
  }
  return fromPairs(pairs)
}

/** What goes with the name: a computed series is not the metric any more, nor of its type and unit. */
const METADATA: ReadonlySet<string> = new Set([NAME, '__type__', '__unit__'])

export const withoutName = (metric: Metric): Metric => keepLabels(metric, (name) => !METADATA.has(name))

export function compareMetrics({ pairs: a }: Metric, { pairs: b }: Metric): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const order = compareText(a[i]!, b[i]!)
    if (order !== 0) return order
  }
  return a.length - b.length
}
