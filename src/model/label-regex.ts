// RE2 regular expressions as Prometheus's label matchers use them: anchored on both ends, `.` matches a newline too.
import { RE2JS } from 're2js'

export interface LabelRegex {
  readonly matches: (value: string) => boolean
  /** The groups of a match, 0 = all of it; null where the value does not match. */
  readonly groups: (value: string) => readonly string[] | null
  /** Group number by name. */
  readonly names: ReadonlyMap<string, number>
  /** All values that match, where the pattern names them. */
  readonly values: readonly string[] | null
  /** Matched without a regex machine, which is a thousand times slower than a map. */
  readonly quick: boolean
}

type Quick = Pick<LabelRegex, 'matches' | 'values'>

const LITERAL = /^[^.*+?()[\]{}\\^$|]*$/

/** Compiled once per pattern; throws re2js' syntax error for a pattern that is not RE2. */
export function compileLabelRegex(pattern: string): LabelRegex {
  const known = compiled.get(pattern)
  if (known !== undefined) return known
  if (compiled.size >= MAX_COMPILED) compiled.clear()
  const regex = build(pattern)
  compiled.set(pattern, regex)
  return regex
}

const MAX_COMPILED = 1_000
const compiled = new Map<string, LabelRegex>()

function build(pattern: string): LabelRegex {
  const quick = quickly(pattern)
  if (quick !== null)
    return {
      ...quick,
      groups: (value) => (quick.matches(value) ? [value] : null),
      names: new Map(),
      quick: true,
    }
  const machine = RE2JS.compile(`^(?s:${pattern})$`)
  return {
    matches: (value) => machine.matches(value),
    groups(value) {
      const matcher = machine.matcher(value)
      if (!matcher.matches()) return null
      return Array.from({ length: matcher.groupCount() + 1 }, (_, i) => matcher.group(i) ?? '')
    },
    names: new Map(Object.entries(machine.namedGroups() as Record<string, number>)),
    values: null,
    quick: false,
  }
}

/** A list of literals, or `.*` and `.+` around one: most of what dashboards ask for. None of them has a group. */
function quickly(pattern: string): Quick | null {
  const alternatives = pattern.split('|')
  if (alternatives.every((part) => LITERAL.test(part))) return oneOf([...new Set(alternatives)])
  if (pattern === '.*') return { matches: () => true, values: null }
  if (pattern === '.+') return { matches: (value) => value !== '', values: null }
  const [, before, text, after] = /^(\.[*+])?([^.*+?()[\]{}\\^$|]+)(\.[*+])?$/.exec(pattern) ?? []
  if (text === undefined) return null
  // `.+x` needs one more character in front than `.*x`.
  const head = before === '.+' ? 1 : 0
  const tail = after === '.+' ? 1 : 0
  const least = head + text.length + tail
  if (before === undefined)
    return { matches: (value) => value.startsWith(text) && value.length >= least, values: null }
  if (after === undefined)
    return { matches: (value) => value.endsWith(text) && value.length >= least, values: null }
  const matches = (value: string): boolean => {
    const at = value.indexOf(text, head)
    return at >= 0 && value.length >= at + text.length + tail
  }
  return { matches, values: null }
}

function oneOf(values: readonly string[]): Quick {
  const [only] = values
  if (values.length === 1) return { matches: (value) => value === only, values }
  const set = new Set(values)
  return { matches: (value) => set.has(value), values }
}
