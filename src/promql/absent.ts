// absent and absent_over_time: a series where there is none, with the labels that the selector asked for.
import type { Expr } from './ast.ts'
import { NAME } from './ast.ts'
import { emptyBlock, newBlock } from './block.ts'
import type { Block } from './block.ts'
import type { Frame } from './frame.ts'
import { EMPTY, withLabels } from './labels.ts'
import type { Metric } from './labels.ts'

/** Labels that the selector pins to one value; one that is named twice is pinned to none. */
function pinnedLabels(expr: Expr): Metric {
  const selector = expr.kind === 'matrix' ? expr.selector : expr
  if (selector.kind !== 'selector') return EMPTY
  const pinned = new Map<string, string>()
  const named = new Set<string>()
  for (const { name, op, value } of selector.matchers) {
    if (name === NAME) continue
    pinned.set(name, op === '=' && !named.has(name) ? value : '')
    if (op === '=') named.add(name)
  }
  return withLabels(EMPTY, [...pinned])
}

/** 1 at each step where nothing is there. */
export function absent(arg: Expr, inner: (frame: Frame) => Block): (frame: Frame) => Block {
  const shape = { metrics: [pinnedLabels(arg)], drop: null }
  return (frame) => {
    const { values, present } = inner(frame)
    const { steps } = frame.grid
    if (values.length > 0 && present === null) return emptyBlock()
    const block = newBlock(shape, steps, frame.budget, true)
    block.values.fill(1)
    block.present!.fill(1)
    for (let i = 0, step = 0; i < values.length; i++, step = step + 1 === steps ? 0 : step + 1)
      if (present![i] === 1) block.present![step] = 0
    return block.present!.includes(1) ? block : emptyBlock()
  }
}
