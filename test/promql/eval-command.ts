// The eval command of a test script: what is asked and what is expected of the answer.
import type { Labels } from '../../src/model/series.ts'
import { parseDuration } from '../../src/model/units.ts'
import { parse } from '../../src/promql/promql.ts'
import { parseNumber } from '../../src/promql/go.ts'
import { labelsKey } from '../../src/promql/labels.ts'
import { parseSeriesDescription } from './series-description.ts'

/** What a selector of a script finds may be a native histogram: then the case is not ours. */
export interface NativeSeries {
  readonly labels: Labels
}

export interface Expectation {
  readonly kind: 'fail' | 'warn' | 'info' | 'no_warn' | 'no_info' | 'ordered'
  readonly message: string | null
  readonly regex: RegExp | null
}

export interface EvalCommand {
  readonly line: number
  readonly expr: string
  readonly range: boolean
  start: number
  end: number
  step: number
  at: number
  readonly expectations: Expectation[]
  /** By labels: the values in order, and at which place the series stands. */
  readonly series: Map<
    string,
    { labels: Labels; values: readonly (number | 'stale' | 'native' | null)[]; place: number }
  >
  scalar: number | null
  string: string | null
  matrix: boolean
  native: boolean
}

export function durationOf(text: string): number {
  const negative = text.startsWith('-')
  const bare = text.replace(/^[+-]/, '')
  const length = /^[\d.]+$/.test(bare) ? Number(bare) * 1000 : parseDuration(bare)
  if (length === undefined) throw new Error(`not a duration: ${text}`)
  return negative ? -length : length
}

export function parseEval(lines: readonly string[], at: number): { command: EvalCommand; used: number } {
  const line = lines[at]!
  const instant = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$/.exec(line)
  const range = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$/.exec(
    line,
  )
  const found = range ?? instant
  if (found === null) throw new Error(`line ${at + 1}: not an eval: ${line}`)
  const times =
    range === null
      ? { start: 0, end: 0, step: 0, at: durationOf(found[2]!) }
      : { start: durationOf(found[2]!), end: durationOf(found[3]!), step: durationOf(found[4]!), at: 0 }
  const command: EvalCommand = {
    line: at + 1,
    expr: found.at(-1)!,
    range: range !== null,
    ...times,
    expectations: [],
    series: new Map(),
    scalar: null,
    string: null,
    matrix: false,
    native: false,
  }
  if (found[1] !== undefined)
    command.expectations.push({ kind: found[1] as 'fail', message: null, regex: null })
  let used = 1
  for (let place = 1; at + used < lines.length && lines[at + used] !== ''; used++) {
    if (readExpectation(command, lines[at + used]!, place)) continue
    place++
  }
  return { command, used }
}

/** True for `expect` lines, false for a line of the result. */
function readExpectation(command: EvalCommand, line: string, place: number): boolean {
  const vector = /^expect range vector (?:from )?(\S+) to (\S+) step (\S+)$/.exec(line)
  if (vector !== null) {
    command.matrix = true
    command.start = durationOf(vector[1]!)
    command.end = durationOf(vector[2]!)
    command.step = durationOf(vector[3]!)
    command.at = command.end
    return true
  }
  const string = /^expect string (.+)$/.exec(line)
  if (string !== null) {
    const literal = parse(string[1]!)
    command.string = literal.kind === 'string' ? literal.value : ''
    return true
  }
  const expected = /^expect (fail|warn|info|no_warn|no_info|ordered)(?:\s+(msg|regex):\s*(.*))?$/.exec(line)
  if (expected !== null) {
    const [, kind, how, raw] = expected
    const text = raw === undefined ? null : unquoted(raw)
    command.expectations.push({
      kind: kind as Expectation['kind'],
      message: how === 'msg' ? text : null,
      regex: how === 'regex' ? new RegExp(text!) : null,
    })
    return true
  }
  const legacy = /^expected_fail_(message|regexp)\s+(.*)$/.exec(line)
  if (legacy !== null) {
    const [, how, text] = legacy
    command.expectations.push({
      kind: 'fail',
      message: how === 'message' ? text! : null,
      regex: how === 'regexp' ? new RegExp(text!) : null,
    })
    return true
  }
  const number = parseNumber(line)
  if (number !== null) command.scalar = number
  else {
    const { labels, values } = parseSeriesDescription(line)
    if (values.includes('native')) command.native = true
    command.series.set(labelsKey(labels), { labels, values, place })
  }
  return false
}

const unquoted = (text: string): string => (/^".*"$/.test(text) ? text.slice(1, -1) : text)
