// Tables: how fresh, how big, how badly laid out; late ones first, then by the next deadline.
import type { Timestamp } from '../../model/units.ts'
import { type TableRow, tableDues, tables } from '../answers.ts'
import type { ListScreen, Look } from '../screen.ts'
import { badness } from '../state.ts'
import { dueOf, nextDue, tableHealth } from '../table-health.ts'
import { age, count, due, size } from '../words.ts'

const dueIn = (row: TableRow, { get }: Look): Timestamp | null => nextDue(dueOf(get, row.source, row.table))
const health = (row: TableRow, { get, now }: Look) => tableHealth(row, dueOf(get, row.source, row.table), now)

export const tablesScreen: ListScreen<TableRow> = {
  kind: 'list',
  name: 'tables',
  about: 'every table with its freshness, size and next deadline',
  tab: true,
  title: () => 'Tables',
  feeds: () => [tables, tableDues],
  empty: 'No table is known yet: the first look at the sources may still run.',
  rows(look) {
    const found = look.get(tables)
    return found
      ?.map((row) => ({ row, rank: badness(health(row, look).state), due: dueIn(row, look) ?? Infinity }))
      .toSorted((a, b) => a.rank - b.rank || a.due - b.due)
      .map(({ row }) => row)
  },
  id: ({ id }) => id,
  copied: ({ id }) => id,
  health,
  ways: ({ id }) => ({
    enter: { screen: 'table', subject: id },
    upstream: { screen: 'upstream', subject: id },
    downstream: { screen: 'downstream', subject: id },
    changes: { screen: 'changes', subject: id },
  }),
  columns: [
    { name: 'TABLE', rank: 0, max: 60, text: ({ table }) => table },
    {
      name: 'CHANGED',
      rank: 0,
      align: 'right',
      text: ({ lastChange }, { now }) => age(lastChange?.at, now),
      key: ({ lastChange }) => lastChange?.at ?? null,
    },
    {
      name: 'DUE',
      rank: 1,
      align: 'right',
      max: 18,
      text: (row, look) => due(dueIn(row, look), look.now),
      tone(row, look) {
        const { state } = health(row, look)
        return state === 'ok' ? undefined : state
      },
    },
    {
      name: 'EVENT TIME',
      rank: 5,
      align: 'right',
      text: ({ eventTime }, { now }) => age(eventTime?.newest, now),
      key: ({ eventTime }) => eventTime?.newest ?? null,
    },
    { name: 'ROWS', rank: 2, align: 'right', text: ({ rows }) => count(rows), key: ({ rows }) => rows },
    { name: 'FILES', rank: 3, align: 'right', text: ({ files }) => count(files), key: ({ files }) => files },
    {
      name: 'SMALL',
      rank: 6,
      align: 'right',
      text: ({ fileSizes }) => count(fileSizes?.small),
      key: ({ fileSizes }) => fileSizes?.small ?? null,
    },
    { name: 'SIZE', rank: 2, align: 'right', text: ({ bytes }) => size(bytes), key: ({ bytes }) => bytes },
    {
      name: 'PARTS',
      rank: 7,
      align: 'right',
      text: ({ partitions }) => count(partitions?.count),
      key: ({ partitions }) => partitions?.count ?? null,
    },
    {
      name: 'DELETED',
      rank: 7,
      align: 'right',
      text: ({ deletes }) => count(deletes?.rows),
      key: ({ deletes }) => deletes?.rows ?? null,
    },
    { name: 'SOURCE', rank: 4, max: 20, text: ({ source }) => source },
    { name: 'FORMAT', rank: 4, text: ({ format }) => format },
    { name: 'SAYS', rank: 6, max: 80, text: ({ problem }) => problem ?? '' },
  ],
}
