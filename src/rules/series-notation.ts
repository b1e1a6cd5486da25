// Series as unit tests write them: `up{job="a"}` and `1+2x10 _ stale` (Prometheus: "Unit testing for rules").
import type { Labels } from '../model/series.ts'
import { PromqlError, parse } from '../promql/promql.ts'

/** Samples that one series of a test may have. */
const POINTS_MAX = 5_000_000

/** null where no sample is. */
export type Point = number | 'stale' | null

export type Notation =
  | { readonly ok: true; readonly points: readonly Point[]; readonly native: boolean }
  | { readonly ok: false; readonly message: string }

const NUMBER = String.raw`[+-]?(?:inf(?:inity)?|nan|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)`
const ITEM = new RegExp(
  String.raw`^(?:(_)(?:x(\d+))?|(stale)(?:x(\d+))?|(${NUMBER})(?:([+-].+?)?x(\d+))?)$`,
  'i',
)
const STEP = new RegExp(`^${NUMBER}$`, 'i')
/** Native histograms: `{{…}}`, repeated or added to. */
const NATIVE = /\{\{.*?\}\}(?:[+-]\{\{.*?\}\})?(?:x\d+)?/g

const failure = (message: string): Notation => ({ ok: false, message })

/** `a+bxN` is N+1 samples, each b more than the one before; `_xN` is N times nothing. */
export function parseValues(text: string): Notation {
  const native = text.includes('{{')
  const points: Point[] = []
  for (const item of text.replaceAll(NATIVE, '_').split(/\s+/).filter(Boolean)) {
    const match = ITEM.exec(item)
    if (match === null)
      return failure(`${JSON.stringify(item)} is no value; write 1, 1x5, 1+2x5, _, _x5 or stale`)
    const [, gap, gaps, stale, stales, first, change, times] = match
    const count = gap !== undefined ? Number(gaps ?? 1) : Number(stales ?? times ?? 0) + 1
    if (points.length + count > POINTS_MAX) return failure(`more than ${POINTS_MAX} samples in one series`)
    if (change !== undefined && !STEP.test(change))
      return failure(`${JSON.stringify(item)}: ${JSON.stringify(change)} is no number`)
    const start = first === undefined ? 0 : readNumber(first)
    const step = change === undefined ? 0 : readNumber(change)
    for (let i = 0; i < count; i++) {
      points.push(gap !== undefined ? null : stale !== undefined ? 'stale' : start + step * i)
    }
  }
  return { ok: true, points, native }
}

function readNumber(text: string): number {
  const [, sign, word] = /^([+-]?)(.*)$/.exec(text.toLowerCase())!
  if (word === 'nan') return NaN
  const size = word!.startsWith('inf') ? Infinity : Number(word)
  return sign === '-' ? -size : size
}

/** A metric's labels with its name; a message where the text is something else. */
export type Metric =
  | { readonly ok: true; readonly labels: Labels }
  | { readonly ok: false; readonly message: string }

export function parseMetric(text: string): Metric {
  if (/^\s*(\{\s*\})?\s*$/.test(text)) return { ok: true, labels: {} }
  try {
    const expr = parse(text)
    if (expr.kind !== 'selector' || expr.offset !== 0 || expr.at !== null)
      return { ok: false, message: 'expected a metric such as up{job="a"}' }
    const odd = expr.matchers.find(({ op }) => op !== '=')
    if (odd !== undefined) return { ok: false, message: `a metric has labels with =, not with ${odd.op}` }
    const labels = expr.matchers
      .filter(({ value }) => value !== '')
      .map(({ name, value }) => [name, value] as const)
    const named = expr.name === '' ? [] : [['__name__', expr.name] as const]
    return { ok: true, labels: Object.fromEntries([...named, ...labels]) }
  } catch (error) {
    if (!(error instanceof PromqlError)) throw error
    return { ok: false, message: error.message }
  }
}
