// Which columns of a table are worth asking how well their bounds tell files apart: few, and chosen alike each time.
import { MAX_COLUMNS } from './skipping.ts'

/** What people filter and join by is mostly called so. */
const KEY_NAMES = /(^|[_.])(id|key|uuid|guid|code|number|no)$|[a-z](Id|Key|Uuid)$/i

/**
 * Hints (columns that somebody clusters, filters or tells time by) before names that look like keys, before the order
 * of the schema. `columns` are those that can have bounds, partition columns left out.
 */
export function columnsToAsk<C extends { readonly name: string }>(
  columns: readonly C[],
  hints: readonly string[],
): readonly C[] {
  const rank = ({ name }: C): number => {
    const hint = hints.indexOf(name)
    return hint >= 0 ? hint : hints.length + (KEY_NAMES.test(name) ? 0 : 1)
  }
  // Sorting is stable: within a rank the schema's order holds.
  return columns.toSorted((a, b) => rank(a) - rank(b)).slice(0, MAX_COLUMNS)
}
