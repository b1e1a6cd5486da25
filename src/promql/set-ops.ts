// and, or, unless: series kept or left out by whether the other side has a match.
import type { Matching, SetOp } from './ast.ts'
import { maskOf, mergeDuplicates, newBlock, perShapes } from './block.ts'
import type { Block, Shape } from './block.ts'
import { signaturesOf } from './matching.ts'
import type { VectorOf } from './compiler.ts'

export function setOperation(op: SetOp, matching: Matching, left: VectorOf, right: VectorOf): VectorOf {
  const signatures = signaturesOf(matching)
  if (op === 'or') return union(signatures, left, right)
  const keepMatched = op === 'and'
  return (frame) => {
    const a = left(frame)
    const b = right(frame)
    const { steps } = frame.grid
    const sides = signatures(a.shape, b.shape)
    const there = presence(b, sides.right, sides.count, steps)
    const present = maskOf(a)
    for (let row = 0, i = 0; row < sides.left.length; row++) {
      const group = sides.left[row]! * steps
      for (let step = 0; step < steps; step++, i++)
        if ((there[group + step] === 1) !== keepMatched) present[i] = 0
    }
    return { ...a, present }
  }
}

/** Per match group and step whether any of its rows has a value. */
function presence({ present }: Block, groupOf: Int32Array, groups: number, steps: number): Uint8Array {
  const there = new Uint8Array(groups * steps)
  for (let row = 0; row < groupOf.length; row++) {
    const group = groupOf[row]! * steps
    if (present === null) there.fill(1, group, group + steps)
    else
      for (let step = 0; step < steps; step++) if (present[row * steps + step] === 1) there[group + step] = 1
  }
  return there
}

const joined = perShapes((left: Shape, right: Shape): Shape => ({
  metrics: [...left.metrics, ...right.metrics],
  drop:
    left.drop === null && right.drop === null
      ? null
      : [...(left.drop ?? left.metrics.map(() => false)), ...(right.drop ?? right.metrics.map(() => false))],
}))

function union(signatures: ReturnType<typeof signaturesOf>, left: VectorOf, right: VectorOf): VectorOf {
  return (frame) => {
    const a = left(frame)
    const b = right(frame)
    if (b.shape.metrics.length === 0) return a
    if (a.shape.metrics.length === 0) return b
    const { steps } = frame.grid
    const sides = signatures(a.shape, b.shape)
    const there = presence(a, sides.left, sides.count, steps)
    const block = newBlock(joined(a.shape, b.shape), steps, frame.budget, true)
    const present = block.present!
    block.values.set(a.values)
    block.values.set(b.values, a.values.length)
    if (a.present === null) present.fill(1, 0, a.values.length)
    else present.set(a.present)
    let used = false
    for (let row = 0, i = 0; row < sides.right.length; row++) {
      const group = sides.right[row]! * steps
      for (let step = 0; step < steps; step++, i++) {
        if (there[group + step] === 1 || (b.present !== null && b.present[i] === 0)) continue
        present[a.values.length + i] = 1
        used = true
      }
    }
    return used ? mergeDuplicates(block, frame) : a
  }
}
