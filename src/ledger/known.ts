// Two reports of one thing, in whatever order they came: operations that do not care about order or repetition.
import type { Known } from '../model/known.ts'

/** The smaller, where both are known. */
export function lesser<T extends number | string>(a: Known<T>, b: Known<T>): Known<T> {
  if (a === null || b === null) return a ?? b
  return b < a ? b : a
}

/** The greater, where both are known. */
export function greater<T extends number | string>(a: Known<T>, b: Known<T>): Known<T> {
  if (a === null || b === null) return a ?? b
  return b > a ? b : a
}

/** Both records in one, keys sorted, at most `most` of them; where they differ the smaller value. */
export function union(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
  most: number,
): Record<string, string> {
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].toSorted().slice(0, most)
  return Object.fromEntries(keys.map((key) => [key, lesser(a[key] ?? null, b[key] ?? null)!]))
}
