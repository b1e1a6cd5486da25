// Facts as text and back, and whether two say the same.

/** JSON spells no infinity, but reads any number too large for a double as one: lossless and still plain JSON. */
const { rawJSON } = JSON as unknown as { rawJSON(this: void, text: string): unknown }
const INFINITY = rawJSON('1e999')
const MINUS_INFINITY = rawJSON('-1e999')

/** NaN becomes null: a number that is not known. */
export const printContent = (content: object): string =>
  JSON.stringify(content, (_, value: unknown) =>
    value === Infinity ? INFINITY : value === -Infinity ? MINUS_INFINITY : value,
  )

/** Whether two contents print the same; much cheaper than printing them. */
export function sameContent(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === 0 && b === 0
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => sameContent(item, b[i]))
  if (Array.isArray(b)) return false
  return sameFields(a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>)
}

function sameFields(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  let count = 0
  for (const key in a) {
    if (a[key] === undefined) continue
    if (!Object.hasOwn(b, key) || !sameContent(a[key], b[key])) return false
    count += 1
  }
  for (const key in b) if (b[key] !== undefined) count -= 1
  return count === 0
}
