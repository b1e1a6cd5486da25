// Which columns the commits of a table filter or join by: MERGE, UPDATE and DELETE leave their predicates in the log.
import { stringOf } from '../json.ts'
import type { Commit } from './commit.ts'
import type { DeltaColumn } from './schema.ts'

const PREDICATED = /^(MERGE|UPDATE|DELETE)$/
const MAX_PREDICATE_CHARS = 20_000
/** Columns of one commit. */
const MAX_FILTERS = 16

/**
 * Columns of the schema whose names a commit's predicate holds, in the schema's order. Writers spell predicates in their
 * own ways (`["(id#12 = id#15)"]`, `target.id = source.id`), so names are looked for, not parsed: texts in single
 * quotes do not count.
 */
export function filtersOf(
  { operation, parameters }: Pick<Commit, 'operation' | 'parameters'>,
  columns: readonly DeltaColumn[],
): readonly string[] {
  const predicate = stringOf(parameters['predicate']) ?? stringOf(parameters['merge_predicate'])
  if (!PREDICATED.test(operation) || predicate === null) return []
  const text = predicate.slice(0, MAX_PREDICATE_CHARS).replaceAll(/'[^']*'/g, ' ')
  const words = new Set(text.match(/`[^`]+`|[\p{L}\p{N}_]+/gu)?.map(wordOf))
  return columns
    .filter(({ name, plain }) => plain && isNamed(name, words))
    .map(({ name }) => name)
    .slice(0, MAX_FILTERS)
}

const wordOf = (word: string): string => word.replaceAll('`', '').toLowerCase()

const isNamed = (name: string, words: ReadonlySet<string>): boolean => {
  const lower = name.toLowerCase()
  return words.has(lower) || lower.split('.').every((part) => words.has(part))
}
