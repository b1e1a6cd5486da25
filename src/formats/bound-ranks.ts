// The bounds of one column over a table's files as ranks: places among all distinct bounds, in their order.

/** A file's minimum or maximum; null where its statistics do not say. */
export type Bound = number | string | null

/** Of a text that is a bound; Delta writes 32 characters, Iceberg 16. */
export const MAX_BOUND_CHARS = 64

export interface SampledFile {
  readonly size: number
  readonly partition: number
  /** By column: minimum, maximum; null where no statistics could be read. */
  readonly bounds: readonly Bound[] | null
}

export interface Ranks {
  /** Files that have both bounds, as indices. */
  readonly bounded: readonly number[]
  /** By file; -1 where it has none. */
  readonly lower: Int32Array
  readonly upper: Int32Array
  /** By file: where its middle lies among the ranks; half-way between two where it is none of the bounds. */
  readonly middle: Float64Array
  /** Distinct bounds. */
  readonly distinct: number
  /** Largest less smallest value; NaN where they are texts. */
  readonly span: number
}

/** `column`: which pair of bounds. A minimum above its maximum, or of another kind, is no statistics. */
export function ranksOf(files: readonly SampledFile[], column: number): Ranks {
  const lower = new Int32Array(files.length).fill(-1)
  const upper = new Int32Array(files.length).fill(-1)
  const kind = kindOf(files, column)
  const bounded: number[] = []
  for (const [i, { bounds }] of files.entries()) {
    const low = bounds?.[2 * column] ?? null
    const high = bounds?.[2 * column + 1] ?? null
    if (typeof low === kind && typeof high === kind && low! <= high!) bounded.push(i)
  }
  const values = new Map<number | string, number>()
  for (const i of bounded) {
    values.set(files[i]!.bounds![2 * column]!, 0)
    values.set(files[i]!.bounds![2 * column + 1]!, 0)
  }
  const keys = values.keys()
  const ordered = kind === 'number' ? Float64Array.from(keys, Number).sort() : Array.from(keys, String).sort()
  for (const [rank, value] of ordered.entries()) values.set(value, rank)
  for (const i of bounded) {
    lower[i] = values.get(files[i]!.bounds![2 * column]!)!
    upper[i] = values.get(files[i]!.bounds![2 * column + 1]!)!
  }
  const middle = new Float64Array(files.length)
  for (const i of bounded) middle[i] = (lower[i]! + upper[i]!) / 2
  if (ordered instanceof Float64Array) {
    // Texts have no middle but that of their ranks, which crowd where bounds do: at both ends of a shuffled table.
    for (const i of bounded) middle[i] = rankOf(ordered, ordered[lower[i]!]! / 2 + ordered[upper[i]!]! / 2)
  }
  const span = Number(ordered.at(-1)) - Number(ordered[0])
  return {
    bounded,
    lower,
    upper,
    middle,
    distinct: ordered.length,
    span: kind === 'number' ? span : Number.NaN,
  }
}

/** Where a value lies among ascending ones: its place, or half-way between those of its neighbours. */
function rankOf(ordered: Float64Array, value: number): number {
  let [low, high] = [0, ordered.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ordered[middle]! < value) low = middle + 1
    else high = middle
  }
  return ordered[low] === value ? low : low - 0.5
}

/** A column is of one type; after a change of it the newest files count. */
function kindOf(files: readonly SampledFile[], column: number): 'number' | 'string' {
  const last = files.findLast(({ bounds }) => typeof bounds?.[2 * column] === 'string')
  return last === undefined ? 'number' : 'string'
}
