// Prometheus' label matchers as tests of a value; a label that is missing has the value ''.
import { compileLabelRegex } from '../model/label-regex.ts'
import type { Labels, Matcher } from '../model/series.ts'

export interface Test {
  readonly name: string
  readonly accepts: (value: string) => boolean
  /** All values that can be accepted, where the matcher names them. */
  readonly values: readonly string[] | null
}

/** Throws re2js' error where the pattern is not RE2 syntax; PromQL checks before it asks. */
export function testOf({ name, op, value }: Matcher): Test {
  const negative = op === '!=' || op === '!~'
  const { accepts, values } = op === '=' || op === '!=' ? exactly(value) : pattern(value)
  return negative ? { name, accepts: (text) => !accepts(text), values: null } : { name, accepts, values }
}

/** Own properties only: a label may be called `constructor`. */
export const labelValue = (labels: Labels, name: string): string =>
  Object.hasOwn(labels, name) ? labels[name]! : ''

const exactly = (value: string): Omit<Test, 'name'> => ({
  accepts: (text) => text === value,
  values: [value],
})

function pattern(source: string): Omit<Test, 'name'> {
  const { matches, values, quick } = compileLabelRegex(source)
  return { accepts: quick ? matches : remembered(matches), values }
}

/** Many series share a value. */
function remembered(accepts: (value: string) => boolean): (value: string) => boolean {
  const known = new Map<string, boolean>()
  return (value) => {
    let answer = known.get(value)
    if (answer === undefined) known.set(value, (answer = accepts(value)))
    return answer
  }
}
