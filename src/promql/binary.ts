// Binary operators where a scalar is involved, and what they compute on two numbers.
import type { ArithmeticOp, BinaryOp, ComparisonOp } from './ast.ts'
import { isComparison } from './ast.ts'
import { maskOf, mergeDuplicates, nameDropper } from './block.ts'
import { writable } from './elementwise.ts'
import type { ScalarOf, VectorOf } from './compiler.ts'

/** Go's pow: 1 to anything is 1, -1 to an infinity is 1. */
function power(base: number, exponent: number): number {
  if (base === 1) return 1
  if (base === -1 && Math.abs(exponent) === Number.POSITIVE_INFINITY) return 1
  return base ** exponent
}

export const ARITHMETIC: Readonly<Record<ArithmeticOp, (left: number, right: number) => number>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
  '^': power,
  atan2: Math.atan2,
}

export const COMPARISON: Readonly<Record<ComparisonOp, (left: number, right: number) => boolean>> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
}

/** Operators that need a function a number pair; set operators and trims never get here. */
export const asArithmetic = (op: BinaryOp): ((left: number, right: number) => number) =>
  isComparison(op) ? (left, right) => (COMPARISON[op](left, right) ? 1 : 0) : ARITHMETIC[op as ArithmeticOp]

export function scalarBinary(op: BinaryOp, left: ScalarOf, right: ScalarOf): ScalarOf {
  const compute = asArithmetic(op)
  return (frame) => {
    const [a, b] = [left(frame), right(frame)]
    return a.map((value, step) => compute(value, b[step]!))
  }
}

/** `vector op scalar`, or `scalar op vector` where `swapped`. */
export function vectorScalar(
  op: BinaryOp,
  inner: VectorOf,
  scalar: ScalarOf,
  { swapped, bool, delayed }: { swapped: boolean; bool: boolean; delayed: boolean },
): VectorOf {
  if (isComparison(op) && !bool) return filterByScalar(COMPARISON[op], inner, scalar, swapped)
  const compute = asArithmetic(op)
  const dropName = nameDropper(delayed)
  return (frame) => {
    const block = inner(frame)
    const numbers = scalar(frame)
    const { steps } = frame.grid
    const values = writable(block)
    // Mostly the scalar is the same at every step: then one loop does.
    const first = numbers[0]!
    if (numbers.every((number) => Object.is(number, first))) {
      if (swapped) for (let i = 0; i < values.length; i++) values[i] = compute(first, values[i]!)
      else for (let i = 0; i < values.length; i++) values[i] = compute(values[i]!, first)
    } else
      for (let i = 0, step = 0; i < values.length; i++, step = step + 1 === steps ? 0 : step + 1)
        values[i] = swapped ? compute(numbers[step]!, values[i]!) : compute(values[i]!, numbers[step]!)
    return mergeDuplicates({ ...block, shape: dropName(block.shape), values }, frame)
  }
}

/** A comparison keeps what holds, with the vector's value and name. */
function filterByScalar(
  holds: (left: number, right: number) => boolean,
  inner: VectorOf,
  scalar: ScalarOf,
  swapped: boolean,
): VectorOf {
  return (frame) => {
    const block = inner(frame)
    const numbers = scalar(frame)
    const { steps } = frame.grid
    const present = maskOf(block)
    const { values } = block
    for (let i = 0, step = 0; i < values.length; i++, step = step + 1 === steps ? 0 : step + 1) {
      const number = numbers[step]!
      if (!(swapped ? holds(number, values[i]!) : holds(values[i]!, number))) present[i] = 0
    }
    return { ...block, present }
  }
}

export function negate(inner: VectorOf, delayed: boolean): VectorOf {
  const dropName = nameDropper(delayed)
  return (frame) => {
    const block = inner(frame)
    const values = writable(block)
    for (let i = 0; i < values.length; i++) values[i] = -values[i]!
    const renamed = { ...block, shape: dropName(block.shape), values }
    return delayed ? renamed : mergeDuplicates(renamed, frame)
  }
}
