// Prometheus' label matchers as tests of a value; a label that is missing has the value ''.
import { RE2JS } from 're2js'
import type { Labels, Matcher } from '../model/series.ts'

export interface Test {
  readonly name: string
  readonly accepts: (value: string) => boolean
  /** All values that can be accepted, where the matcher names them. */
  readonly values: readonly string[] | null
}

/** A pattern without operators stands for itself. */
const LITERAL = /^[^\\.+*?()|[\]{}^$]*$/

/** Throws re2js' error where the pattern is not RE2 syntax; PromQL checks before it asks. */
export function testOf({ name, op, value }: Matcher): Test {
  const negative = op === '!=' || op === '!~'
  const { accepts, values } = op === '=' || op === '!=' ? oneOf([value]) : pattern(value)
  return negative ? { name, accepts: (text) => !accepts(text), values: null } : { name, accepts, values }
}

/** Own properties only: a label may be called `constructor`. */
export const labelValue = (labels: Labels, name: string): string =>
  Object.hasOwn(labels, name) ? labels[name]! : ''

const oneOf = (values: readonly string[]): Omit<Test, 'name'> => {
  if (values.length === 1) return { accepts: (text) => text === values[0], values }
  const set = new Set(values)
  return { accepts: (text) => set.has(text), values: [...set] }
}

/** Matchers are anchored at both ends; dashboards mostly ask for a list of values or a prefix, which need no machine. */
function pattern(source: string): Omit<Test, 'name'> {
  const alternatives = source.split('|')
  if (alternatives.every((part) => LITERAL.test(part))) return oneOf(alternatives)
  if (source === '.*') return { accepts: () => true, values: null }
  if (source === '.+') return { accepts: (text) => text !== '', values: null }
  const prefix = source.endsWith('.*') ? source.slice(0, -2) : null
  if (prefix !== null && LITERAL.test(prefix))
    return { accepts: (text) => text.startsWith(prefix), values: null }
  const machine = RE2JS.compile(`^(?s:${source})$`)
  return { accepts: remembered((text) => machine.matches(text)), values: null }
}

/** Many series share a value, and the machine is a thousand times slower than a map. */
function remembered(accepts: (value: string) => boolean): (value: string) => boolean {
  const known = new Map<string, boolean>()
  return (value) => {
    let answer = known.get(value)
    if (answer === undefined) known.set(value, (answer = accepts(value)))
    return answer
  }
}
