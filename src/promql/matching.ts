// Vector matching: which series of the left meet which of the right, found out once per pair of shapes.
import type { Matching } from './ast.ts'
import { NAME } from './ast.ts'
import { perShapes } from './block.ts'
import type { Shape } from './block.ts'
import { keepLabels, labelOf, withLabels, withoutName } from './labels.ts'
import type { Metric } from './labels.ts'

export interface Signatures {
  /** Per row of a side the number of its match group. */
  readonly left: Int32Array
  readonly right: Int32Array
  readonly count: number
}

/** The part of the labels that has to be equal. */
export function matchLabels({ on, labels }: Matching): (metric: Metric) => Metric {
  const names = new Set(labels)
  return on
    ? (metric) => keepLabels(metric, (name) => names.has(name))
    : (metric) => keepLabels(metric, (name) => name !== NAME && !names.has(name))
}

export function signaturesOf(matching: Matching): (left: Shape, right: Shape) => Signatures {
  const part = matchLabels(matching)
  return perShapes((left, right) => {
    const numbers = new Map<string, number>()
    const number = (metric: Metric): number => {
      const { key } = part(metric)
      const known = numbers.get(key)
      if (known !== undefined) return known
      numbers.set(key, numbers.size)
      return numbers.size - 1
    }
    const side = (shape: Shape) => Int32Array.from(shape.metrics, number)
    const [l, r] = [side(left), side(right)]
    return { left: l, right: r, count: numbers.size }
  })
}

/** The labels of a result: those of the `many` side, less what matching and the operator take, plus what `group_x` brings. */
export function resultLabels(matching: Matching, dropsName: boolean): (many: Metric, one: Metric) => Metric {
  const names = new Set(matching.labels)
  return (many, one) => {
    let metric = dropsName ? withoutName(many) : many
    if (matching.card === 'one-to-one') metric = keepLabels(metric, (name) => names.has(name) === matching.on)
    if (matching.include.length === 0) return metric
    return withLabels(
      metric,
      matching.include.map((name) => [name, labelOf(one, name)]),
    )
  }
}
