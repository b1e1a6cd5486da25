// The query API's parameters: times, steps and selectors as Prometheus reads them.
import type { Matcher } from '../model/series.ts'
import { type Millis, type Timestamp, millis, parseDuration, timestamp } from '../model/units.ts'
import { matchersOf, parse } from '../promql/promql.ts'

/** A parameter that makes no sense: answered 400 `bad_data`. */
export class BadParameter extends Error {
  override readonly name = 'BadParameter'
}

export type Params = Readonly<Record<string, string | readonly string[] | undefined>>

export function one(params: Params, name: string): string | undefined {
  const value = params[name]
  return typeof value === 'string' ? value : value?.[0]
}

export function many(params: Params, name: string): readonly string[] {
  const value = params[name] ?? params[`${name}[]`] ?? []
  return typeof value === 'string' ? [value] : value
}

export function required(params: Params, name: string): string {
  const value = one(params, name)
  if (value === undefined || value === '')
    throw new BadParameter(`invalid parameter "${name}": it is missing`)
  return value
}

/** Unix seconds with a fraction, or RFC 3339. */
export function time(params: Params, name: string): Timestamp | undefined {
  const text = one(params, name)
  if (text === undefined || text === '') return undefined
  const seconds = Number(text)
  const at = Number.isFinite(seconds) ? Math.round(seconds * 1000) : Date.parse(text)
  if (Number.isNaN(at)) {
    throw new BadParameter(
      `invalid parameter "${name}": cannot parse ${JSON.stringify(text)} to a valid timestamp`,
    )
  }
  return timestamp(at)
}

/** Seconds with a fraction, or a duration such as 5m. */
export function length(params: Params, name: string): Millis | undefined {
  const text = one(params, name)
  if (text === undefined || text === '') return undefined
  const seconds = Number(text)
  const found = Number.isFinite(seconds) ? millis(Math.round(seconds * 1000)) : parseDuration(text)
  if (found === undefined) {
    throw new BadParameter(
      `invalid parameter "${name}": cannot parse ${JSON.stringify(text)} to a valid duration`,
    )
  }
  return found
}

export function limit(params: Params): number {
  const text = one(params, 'limit')
  if (text === undefined || text === '' || text === '0') return Infinity
  const count = Number(text)
  if (!Number.isInteger(count) || count < 0) {
    throw new BadParameter(`invalid parameter "limit": expected a whole number of at least 0`)
  }
  return count
}

/** Each `match[]` as matchers; more than one selector in a text is refused. */
export function selectors(params: Params): ReadonlyArray<readonly Matcher[]> {
  return many(params, 'match').map((text) => {
    const expr = parse(text)
    if (expr.kind !== 'selector')
      throw new BadParameter(`invalid parameter "match[]": expected a series selector`)
    return matchersOf(expr)[0]!.matchers
  })
}

/** `U__` escapes of label names in paths: `U__a_2e_b` is `a.b`. */
export function unescapeLabel(name: string): string {
  if (!name.startsWith('U__')) return name
  return name
    .slice(3)
    .replace(/__|_([0-9a-fA-F]{1,6})_/g, (_, code: string | undefined) =>
      code === undefined ? '_' : String.fromCodePoint(Math.min(parseInt(code, 16), 0x10ffff)),
    )
}
