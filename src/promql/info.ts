// info(): labels of info metrics (`target_info`) added to the series of the same instance and job.
import type { Matcher, SeriesReader } from '../model/series.ts'
import type { At, Duration, Expr } from './ast.ts'
import { children, NAME } from './ast.ts'
import { mergeDuplicates, newBlock, perShape } from './block.ts'
import type { Block } from './block.ts'
import { QueryError } from './errors.ts'
import type { Frame } from './frame.ts'
import { keepLabels, labelOf, withLabels } from './labels.ts'
import type { Metric } from './labels.ts'
import { finish } from './pausable.ts'
import { matcherTest } from './match.ts'
import { finder, instantSelector } from './select.ts'
import { resolveDuration } from './duration.ts'

/** What an info series and the series it describes have in common. */
const IDENTIFYING: ReadonlySet<string> = new Set(['instance', 'job'])
const TARGET_INFO: Matcher = { name: NAME, op: '=', value: 'target_info' }
const ANY_INFO: Matcher = { name: NAME, op: '=~', value: '.+_info' }

const identityOf = (metric: Metric): Metric => keepLabels(metric, (name) => IDENTIFYING.has(name))

/** Matchers on the name as they are meant: only negative ones choose among all info metrics. */
function nameMatchers(matchers: readonly Matcher[]): readonly Matcher[] {
  if (matchers.length === 0) return [TARGET_INFO]
  return matchers.some(({ op }) => op === '=' || op === '=~') ? matchers : [ANY_INFO, ...matchers]
}

/** Where in time the first argument looks: its innermost `@` and the offsets up to there. */
function lookOf(expr: Expr): { at: At | null; offsets: readonly Duration[] } {
  const path = pathToSelector(expr)
  if (path === null) return { at: null, offsets: [] }
  const offsets: Duration[] = []
  for (const node of path.toReversed()) {
    if (node.kind !== 'selector' && node.kind !== 'subquery') continue
    offsets.push(node.offset)
    if (node.at !== null) return { at: node.at, offsets }
  }
  return { at: null, offsets }
}

function pathToSelector(expr: Expr): readonly Expr[] | null {
  if (expr.kind === 'selector') return [expr]
  for (const child of children(expr)) {
    const path = pathToSelector(child)
    if (path !== null) return [expr, ...path]
  }
  return null
}

export function info(
  reader: SeriesReader,
  expr: Expr,
  inner: (frame: Frame) => Block,
  matchers: readonly Matcher[] | null,
): (frame: Frame) => Block {
  const byName = nameMatchers((matchers ?? []).filter(({ name }) => name === NAME))
  const data = (matchers ?? []).filter(({ name }) => name !== NAME)
  const isInfoName = byName.map(matcherTest)
  const dataNames = new Set(data.map(({ name }) => name))
  const emptyWillDo = data.every((matcher) => matcherTest(matcher)(''))
  const look = lookOf(expr)
  const find = finder(reader, [...byName, ...data])
  const describesItself = perShape((shape) =>
    shape.metrics.map((metric) => isInfoName.every((test) => test(labelOf(metric, NAME)))),
  )
  return (frame) => {
    const base = inner(frame)
    const offset = look.offsets.reduce<number>(
      (sum, length) => sum + resolveDuration(length, frame.query, true),
      0,
    )
    const infos = finish(instantSelector(find, { at: look.at, offset }, 'timestamp').run(frame))
    const ignored = describesItself(base.shape)
    const { steps } = frame.grid
    const index = indexInfos(infos)
    const rows = new Rows(steps)
    for (const [row, metric] of base.shape.metrics.entries()) {
      frame.budget.turn()
      const drop = base.shape.drop?.[row] ?? false
      const described = ignored[row] ? [] : (index.get(identityOf(metric).key) ?? [])
      const enriched = new Map<string, Metric>()
      for (let step = 0; step < steps; step++) {
        const i = row * steps + step
        if (base.present !== null && base.present[i] === 0) continue
        const found = described
          .map((candidates) => newest(candidates, infos, step, steps))
          .filter((r) => r >= 0)
        if (found.length === 0) {
          if (ignored[row] || emptyWillDo || data.length === 0) rows.put(metric, drop, step, base.values[i]!)
          continue
        }
        const key = found.join(' ')
        let result = enriched.get(key)
        if (result === undefined) {
          result = enrich(
            metric,
            found.map((r) => infos.shape.metrics[r]!),
            dataNames,
          )
          enriched.set(key, result)
        }
        rows.put(result, drop, step, base.values[i]!)
      }
    }
    return mergeDuplicates(rows.block(frame), frame)
  }
}

/** Per identity the rows of each info metric that carry it. */
function indexInfos({ shape }: Block): Map<string, readonly (readonly number[])[]> {
  const byIdentity = new Map<string, Map<string, number[]>>()
  for (const [row, metric] of shape.metrics.entries()) {
    const identity = identityOf(metric)
    if (identity.pairs.length === 0) continue
    const byName = byIdentity.get(identity.key) ?? new Map<string, number[]>()
    byIdentity.set(identity.key, byName)
    const name = labelOf(metric, NAME)
    const rows = byName.get(name)
    if (rows === undefined) byName.set(name, [row])
    else rows.push(row)
  }
  return new Map([...byIdentity].map(([key, byName]) => [key, [...byName.values()]]))
}

/** Of several series of one info metric the one with the newest sample; -1 where none is there. */
function newest(
  rows: readonly number[],
  { values, present, shape }: Block,
  step: number,
  steps: number,
): number {
  let best = -1
  for (const row of rows) {
    const i = row * steps + step
    if (present !== null && present[i] === 0) continue
    if (best < 0 || values[i]! > values[best * steps + step]!) best = row
    else if (values[i] === values[best * steps + step])
      throw new QueryError(
        'execution',
        `found duplicate series for info metric: existing ${shape.metrics[best]!.pairs.join(' ')}, new ${shape.metrics[row]!.pairs.join(' ')}`,
      )
  }
  return best
}

function enrich(metric: Metric, infos: readonly Metric[], wanted: ReadonlySet<string>): Metric {
  const added = new Map<string, string>()
  for (const { pairs } of infos)
    for (let i = 0; i < pairs.length; i += 2) {
      const [name, value] = [pairs[i]!, pairs[i + 1]!]
      if (name === NAME || (wanted.size > 0 && !wanted.has(name))) continue
      const before = added.get(name)
      if (before !== undefined && before !== value)
        throw new QueryError('execution', `conflicting label: ${name}`)
      // A label that the series has already stays as it is.
      if (labelOf(metric, name) === '') added.set(name, value)
    }
  return withLabels(metric, [...added])
}

/** Result rows as they turn up. */
class Rows {
  readonly #steps: number
  readonly #rows = new Map<string, { metric: Metric; drop: boolean; cells: Map<number, number> }>()

  constructor(steps: number) {
    this.#steps = steps
  }

  put(metric: Metric, drop: boolean, step: number, value: number): void {
    let row = this.#rows.get(metric.key)
    if (row === undefined) this.#rows.set(metric.key, (row = { metric, drop, cells: new Map() }))
    if (row.cells.has(step))
      throw new QueryError('execution', 'vector cannot contain metrics with the same labelset')
    row.cells.set(step, value)
  }

  block(frame: Frame): Block {
    const rows = [...this.#rows.values()]
    const drop = rows.some((row) => row.drop) ? rows.map((row) => row.drop) : null
    const block = newBlock({ metrics: rows.map((row) => row.metric), drop }, this.#steps, frame.budget, true)
    for (const [row, { cells }] of rows.entries())
      for (const [step, value] of cells) {
        block.values[row * this.#steps + step] = value
        block.present![row * this.#steps + step] = 1
      }
    return block
  }
}
