// RE2 regular expressions as label matchers use them: anchored on both ends, `.` matches a newline too.
import { RE2JS } from 're2js'

export interface Regex {
  matches(value: string): boolean
  /** The groups of a match, 0 = all of it; null where the value does not match. */
  groups(value: string): readonly string[] | null
  /** Group number by name. */
  readonly names: ReadonlyMap<string, number>
}

/** What can be matched without a regex machine: a list of literals, or a prefix, suffix or infix around `.*`. */
const LITERAL = /^[^.*+?()[\]{}\\^$|]*$/

/** Compiled once per pattern; throws re2js' syntax error for a pattern that is not RE2. */
export function compileRegex(pattern: string): Regex {
  const known = compiled.get(pattern)
  if (known !== undefined) return known
  if (compiled.size >= MAX_COMPILED) compiled.clear()
  const regex = build(pattern)
  compiled.set(pattern, regex)
  return regex
}

const MAX_COMPILED = 1_000
const compiled = new Map<string, Regex>()

function build(pattern: string): Regex {
  const machine = RE2JS.compile(`^(?s:${pattern})$`)
  return {
    matches: fastPath(pattern) ?? ((value) => machine.matches(value)),
    groups(value) {
      const matcher = machine.matcher(value)
      if (!matcher.matches()) return null
      return Array.from({ length: matcher.groupCount() + 1 }, (_, i) => matcher.group(i) ?? '')
    },
    names: new Map(Object.entries(machine.namedGroups() as Record<string, number>)),
  }
}

function fastPath(pattern: string): ((value: string) => boolean) | null {
  if (pattern === '.*') return () => true
  if (pattern === '.+') return (value) => value !== ''
  const alternatives = pattern.split('|')
  if (alternatives.every((part) => LITERAL.test(part))) {
    if (alternatives.length === 1) return (value) => value === pattern
    const set = new Set(alternatives)
    return (value) => set.has(value)
  }
  const around = /^(\.[*+])?([^.*+?()[\]{}\\^$|]+)(\.[*+])?$/.exec(pattern)
  if (around === null) return null
  const [, before, literal, after] = around as unknown as [string, string?, string?, string?]
  const text = literal!
  // `.+x` needs one more character in front than `.*x`.
  const head = before === '.+' ? 1 : 0
  const tail = after === '.+' ? 1 : 0
  if (before === undefined) return (value) => value.startsWith(text) && value.length >= text.length + tail
  if (after === undefined) return (value) => value.endsWith(text) && value.length >= text.length + head
  return (value) => {
    const at = value.indexOf(text, head)
    return at >= 0 && value.length >= at + text.length + tail
  }
}
