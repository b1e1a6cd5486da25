// The functions that Prometheus gives its templates as far as they need nothing but their arguments.
import { isIP } from 'node:net'
import { RE2JS } from 're2js'
import { parseDuration } from '../model/units.ts'
import { takes, toFloat } from './arguments.ts'
import { escapeQuery } from './builtins.ts'
import { formatFloat } from './print.ts'
import { duration, moment } from './time.ts'
import type { TemplateFunction, Value } from './value.ts'

const LARGE = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y']
const BINARY = ['ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi']
const SMALL = ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y']

/** %.4g */
const short = (value: number): string => formatFloat(value, 'g', 4)

function scaled(
  value: number,
  prefixes: readonly string[],
  factor: number,
  done: (value: number) => boolean,
): string {
  let rest = value
  let prefix = ''
  for (const next of prefixes) {
    if (done(rest)) break
    prefix = next
    rest /= factor
  }
  return `${short(rest)}${prefix}`
}

const tiny = (value: number): string => scaled(value, SMALL, 1 / 1000, (rest) => Math.abs(rest) >= 1)

function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return short(value)
  return Math.abs(value) >= 1 ? scaled(value, LARGE, 1000, (rest) => Math.abs(rest) < 1000) : tiny(value)
}

const humanize1024 = (value: number): string =>
  Math.abs(value) <= 1 || !Number.isFinite(value)
    ? short(value)
    : scaled(value, BINARY, 1024, (rest) => Math.abs(rest) < 1024)

function humanizeDuration(value: number): string {
  if (!Number.isFinite(value)) return short(value)
  if (value === 0) return `${short(value)}s`
  if (Math.abs(value) < 1) return `${tiny(value)}s`
  const sign = value < 0 ? '-' : ''
  const whole = Math.trunc(Math.abs(value))
  const [days, hours, minutes, seconds] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
    whole % 60,
  ]
  if (days !== 0) return `${sign}${days}d ${hours}h ${minutes}m ${seconds}s`
  if (hours !== 0) return `${sign}${hours}h ${minutes}m ${seconds}s`
  if (minutes !== 0) return `${sign}${minutes}m ${seconds}s`
  return `${sign}${short(Math.abs(value))}s`
}

/** The address without its port; null where there is none. */
function splitPort(address: string): { host: string; port: string } | null {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(address)
  return match === null ? null : { host: match[1] ?? match[2]!, port: match[3]! }
}

function stripDomain(address: string): string {
  const split = splitPort(address)
  const host = split?.host ?? address
  if (isIP(host) !== 0) return address
  const name = host.split('.')[0]!
  return split === null ? name : `${name}:${split.port}`
}

/** As Go's strings.Title: the first letter of each word, the rest untouched. */
const title = (text: string): string =>
  text.replaceAll(
    /(^|[^\p{L}\p{Nd}_'])(\p{L})/gu,
    (_, before: string, letter: string) => before + letter.toUpperCase(),
  )

const MAX_PATTERN = 1_000
const compile = (pattern: string): RE2JS => {
  if (pattern.length > MAX_PATTERN)
    throw new Error(`the pattern has ${pattern.length} characters, the limit is ${MAX_PATTERN}`)
  return RE2JS.compile(pattern)
}

/** Go writes `$1`, `${1}` and `${name}`; a group that does not exist is empty. */
function replaceAll(pattern: string, replacement: string, text: string): string {
  const machine = compile(pattern)
  const names = machine.namedGroups() as Readonly<Record<string, number>>
  const matcher = machine.matcher(text)
  let out = ''
  let from = 0
  while (matcher.find()) {
    out += text.slice(from, matcher.start())
    out += replacement.replaceAll(/\$(?:\$|(\w+)|\{(\w+)\})/g, (whole, bare?: string, braced?: string) => {
      if (whole === '$$') return '$'
      const name = bare ?? braced!
      const group = /^\d+$/.test(name) ? Number(name) : Object.hasOwn(names, name) ? names[name]! : -1
      return group >= 0 && group <= matcher.groupCount() ? (matcher.group(group) ?? '') : ''
    })
    from = matcher.end()
  }
  return out + text.slice(from)
}

const number = (print: (value: number) => string): TemplateFunction =>
  takes(['any'], (value) => print(toFloat(value)))
const text = (change: (text: string) => string): TemplateFunction => takes(['string'], change)

const milliseconds = (value: Value): number => {
  const seconds = toFloat(value)
  if (!Number.isFinite(seconds)) throw new Error(`${short(seconds)} is not a time`)
  return Math.round(seconds * 1000)
}

function parseSeconds(written: string): number {
  const length = parseDuration(written.replace(/^-/, ''))
  if (length === undefined) throw new Error(`not a valid duration string: ${JSON.stringify(written)}`)
  return ((written.startsWith('-') ? -1 : 1) * length) / 1000
}

export const textFunctions: Readonly<Record<string, TemplateFunction>> = {
  humanize: number(humanize),
  humanize1024: number(humanize1024),
  humanizeDuration: number(humanizeDuration),
  humanizePercentage: number((value) => `${short(value * 100)}%`),
  humanizeTimestamp: takes(['any'], (value) => {
    const seconds = toFloat(value)
    return Number.isFinite(seconds) ? moment(Math.round(seconds * 1000)).print() : short(seconds)
  }),
  toTime: takes(['any'], (value) => moment(milliseconds(value))),
  toDuration: takes(['any'], (value) => duration(toFloat(value))),
  parseDuration: takes(['string'], parseSeconds),
  title: text(title),
  toUpper: text((value) => value.toUpperCase()),
  toLower: text((value) => value.toLowerCase()),
  stripPort: text((value) => splitPort(value)?.host ?? value),
  stripDomain: text(stripDomain),
  urlQueryEscape: text(escapeQuery),
  safeHtml: text((value) => value),
  match: takes(['string', 'string'], (pattern, value) => compile(pattern).matcher(value).find()),
  reReplaceAll: takes(['string', 'string', 'string'], replaceAll),
  args: (...args) => new Map(args.map((value, i) => [`arg${i}`, value])),
}
