// label_replace and label_join: new labels for the same values.
import { type LabelRegex, compileLabelRegex } from '../model/label-regex.ts'
import { NAME } from './ast.ts'
import { mergeDuplicates, perShape, reshaped } from './block.ts'
import type { Shape } from './block.ts'
import { QueryError } from './errors.ts'
import { isValidUtf8 } from './go.ts'
import { labelOf, withLabels } from './labels.ts'
import type { Metric } from './labels.ts'
import type { VectorOf } from './compiler.ts'

function relabel(inner: VectorOf, target: string, of: (metric: Metric) => Metric): VectorOf {
  const shapeOf = perShape((shape): Shape => {
    const metrics = shape.metrics.map(of)
    // Setting the name says that it is to stay.
    const drop = target === NAME ? null : shape.drop
    return { metrics, drop }
  })
  return (frame) => {
    const block = inner(frame)
    return mergeDuplicates(reshaped(block, shapeOf(block.shape)), frame)
  }
}

const isLabelName = (name: string): boolean => name !== '' && isValidUtf8(name)

const failing =
  (message: string): VectorOf =>
  () => {
    throw new QueryError('execution', message)
  }

export function labelReplace(
  inner: VectorOf,
  target: string,
  replacement: string,
  source: string,
  pattern: string,
): VectorOf {
  let regex: LabelRegex
  try {
    regex = compileLabelRegex(pattern)
  } catch {
    return failing(`invalid regular expression in label_replace(): ${pattern}`)
  }
  if (!isLabelName(target)) return failing(`invalid destination label name in label_replace(): ${target}`)
  return relabel(inner, target, (metric) => {
    const groups = regex.groups(labelOf(metric, source))
    return groups === null ? metric : withLabels(metric, [[target, expand(replacement, groups, regex)]])
  })
}

/** `$1`, `${1}`, `$name`, `$$`; a group that is not there is empty. */
const expand = (template: string, groups: readonly string[], { names }: LabelRegex): string =>
  template.replaceAll(
    /\$(?:\$|([a-zA-Z0-9_]+)|\{([a-zA-Z0-9_]+)\})/g,
    (whole: string, bare?: string, braced?: string) => {
      if (whole === '$$') return '$'
      const name = (bare ?? braced)!
      return groups[/^\d+$/.test(name) ? Number(name) : (names.get(name) ?? groups.length)] ?? ''
    },
  )

export function labelJoin(
  inner: VectorOf,
  target: string,
  separator: string,
  sources: readonly string[],
): VectorOf {
  const bad = sources.find((source) => !isLabelName(source))
  if (bad !== undefined) return failing(`invalid source label name in label_join(): ${bad}`)
  if (!isLabelName(target)) return failing(`invalid destination label name in label_join(): ${target}`)
  return relabel(inner, target, (metric) =>
    withLabels(metric, [[target, sources.map((source) => labelOf(metric, source)).join(separator)]]),
  )
}
