// What changed between two schemas of a table, column by column.
import type { Column, SchemaChange, SchemaChangeKind } from '../model/facts.ts'
import type { Timestamp } from '../model/units.ts'

/** A column and what stays the same when it is renamed: its field id or physical name; the name itself where there is neither. */
export interface IdentifiedColumn extends Column {
  readonly identity: string
}

/** Changes listed per commit; a rewrite of a very wide schema says no more. */
export const MAX_SCHEMA_CHANGES = 1_000

export function diffSchemas(
  before: readonly IdentifiedColumn[],
  after: readonly IdentifiedColumn[],
  when: { readonly at: Timestamp; readonly version: string },
): readonly SchemaChange[] {
  const changes: SchemaChange[] = []
  const note = (change: SchemaChangeKind, column: string, from: string | null, to: string | null): void => {
    if (changes.length < MAX_SCHEMA_CHANGES) changes.push({ ...when, change, column, from, to })
  }
  const old = new Map(before.map((column) => [column.identity, column]))
  const kept = new Set<string>()
  for (const column of after) {
    const was = old.get(column.identity)
    if (was === undefined) {
      note('added', column.name, null, column.type)
      continue
    }
    kept.add(column.identity)
    if (was.name !== column.name) note('renamed', column.name, was.name, column.name)
    if (was.type !== column.type) note(typeChange(was.type, column.type), column.name, was.type, column.type)
    if (was.nullable !== column.nullable) {
      note('nullability', column.name, nullability(was), nullability(column))
    }
  }
  for (const column of before) if (!kept.has(column.identity)) note('dropped', column.name, column.type, null)
  return changes
}

export function diffPartitioning(
  before: readonly string[],
  after: readonly string[],
  when: { readonly at: Timestamp; readonly version: string },
): readonly SchemaChange[] {
  const [from, to] = [before.join(', '), after.join(', ')]
  return from === to ? [] : [{ ...when, change: 'partitioning', column: to || from, from, to }]
}

const nullability = (column: Column): string => (column.nullable ? 'nullable' : 'required')

/** Both formats' words; a pair is a widening when every value of the first fits the second. */
const INTEGERS = ['byte', 'short', 'integer', 'long']
const SPELLINGS: Readonly<Record<string, string>> = { int: 'integer', timestamp_ntz: 'timestamp' }

export function typeChange(from: string, to: string): 'widened' | 'narrowed' | 'retyped' {
  if (fits(from, to)) return 'widened'
  return fits(to, from) ? 'narrowed' : 'retyped'
}

function fits(from: string, to: string): boolean {
  const [a, b] = [SPELLINGS[from] ?? from, SPELLINGS[to] ?? to]
  const [i, j] = [INTEGERS.indexOf(a), INTEGERS.indexOf(b)]
  if (i >= 0 && j >= 0) return i < j
  if (a === 'float' && b === 'double') return true
  if (i >= 0 && i <= 2 && b === 'double') return true
  if (a === 'date' && b === 'timestamp') return true
  const [p, q] = [decimal(a), decimal(b)]
  if (p && q) return q.scale >= p.scale && q.digits - q.scale >= p.digits - p.scale
  // A long has 19 digits, an integer 10, a short 5, a byte 3.
  return q !== null && i >= 0 && q.digits - q.scale >= [3, 5, 10, 20][i]!
}

function decimal(type: string): { digits: number; scale: number } | null {
  const match = /^decimal\((\d+), ?(\d+)\)$/.exec(type)
  return match && { digits: Number(match[1]), scale: Number(match[2]) }
}
