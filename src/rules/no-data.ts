// Why an alert left its rule's result: its condition is over, or the series it was computed from are gone
// (docs/decisions/07-no-data.md).
import type { Labels } from '../model/series.ts'
import type { Timestamp } from '../model/units.ts'
import { type Expr, print } from '../promql/promql.ts'
import { compatible, labelsKey } from './labels.ts'
import type { Query, Vector } from './query.ts'
import { type Selector, nameOf } from './selectors.ts'

/**
 * What is known of a series that has no sample now, or of an alert by its labels: its source cannot be read, or what it
 * described is no more (a dropped table, an expectation that was taken back).
 */
export type Whereabouts = 'blind' | 'gone' | 'unknown'

/** Functions for which absence is the very thing asked about. */
const ABOUT_ABSENCE = new Set(['absent', 'absent_over_time'])
/** Written by rules: their absence says that nothing is firing. */
const OUR_SERIES = new Set(['ALERTS', 'ALERTS_FOR_STATE'])

/**
 * The selectors whose series must be there for the expression to be judged. What a recording rule wrote comes and
 * goes with that rule's own condition, so the rule's inputs stand in for it.
 */
export function inputsOf(
  expr: Expr,
  recorded: (name: string) => readonly Expr[],
  followed = new Set<string>(),
): Selector[] {
  const below = (inner: Expr): Selector[] => inputsOf(inner, recorded, followed)
  switch (expr.kind) {
    case 'number':
    case 'string':
      return []
    case 'selector': {
      const name = nameOf(expr)
      if (OUR_SERIES.has(name)) return []
      if (followed.has(name)) return []
      const rules = recorded(name)
      if (rules.length === 0) return [expr]
      followed.add(name)
      return rules.flatMap((rule) => inputsOf(rule, recorded, followed))
    }
    case 'matrix':
      return below(expr.selector)
    case 'subquery':
    case 'unary':
    case 'paren':
      return below(expr.expr)
    case 'call':
      return ABOUT_ABSENCE.has(expr.name) ? [] : expr.args.flatMap(below)
    case 'aggregate':
      return [...(expr.param === null ? [] : below(expr.param)), ...below(expr.expr)]
    case 'binary':
      // What stands behind `unless` takes alerts away by being there.
      return expr.op === 'unless' ? below(expr.left) : [...below(expr.left), ...below(expr.right)]
  }
}

/** An alert that is not in the result any more. */
export interface Departed {
  /** Labels of the result it came from. */
  readonly labels: Labels
  /** When its condition was last known. */
  readonly knownAt: Timestamp
  /** Inputs that were found missing before, as text. */
  readonly lost: readonly string[]
}

export interface Judge {
  /** The inputs that the alert has lost, as text; none: it can be judged, its condition is over. */
  lostBy(alert: Departed): Promise<readonly string[]>
}

/** One judge serves one rule at one time: every selector is asked once for now and once for each time before. */
export function createJudge(
  findInputs: () => readonly Selector[],
  query: Query,
  at: Timestamp,
  offset: number,
  /** Of a series (with `__name__`), or of an alert (without). */
  whereabouts: (labels: Labels) => Whereabouts,
): Judge {
  let inputs: readonly Selector[] | undefined
  const answers = new Map<string, Promise<Vector>>()
  const ask = (selector: Selector, when: number): Promise<Vector> => {
    const key = `${when} ${print(selector)}`
    const known = answers.get(key) ?? Promise.resolve(query(selector, (when - offset) as Timestamp))
    answers.set(key, known)
    return known
  }

  const hasLost = async (selector: Selector, { labels, knownAt, lost }: Departed): Promise<boolean> => {
    const now = (await ask(selector, at)).filter((sample) => compatible(labels, sample.labels))
    const before = (await ask(selector, knownAt)).filter((sample) => compatible(labels, sample.labels))
    // History may not reach back to when the alert was last known; then what was found before stays true.
    if (before.length === 0) return now.length === 0 && lost.includes(print(selector))
    const present = new Set(now.map((sample) => labelsKey(sample.labels)))
    const places = before
      .filter((sample) => !present.has(labelsKey(sample.labels)))
      .map((sample) => whereabouts(sample.labels))
      .filter((place) => place !== 'gone')
    return places.length > 0 && (now.length === 0 || places.includes('blind'))
  }

  return {
    async lostBy(alert) {
      const place = whereabouts(alert.labels)
      if (place === 'gone') return []
      inputs ??= findInputs()
      const lost: string[] = []
      for (const selector of inputs) {
        if (place === 'blind' || (await hasLost(selector, alert))) lost.push(print(selector))
      }
      return lost
    },
  }
}
