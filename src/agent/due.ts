// When a table is needed next, as its expectations say: from the series that rules compare with.
import type { SeriesReader } from '../model/series.ts'
import { LOOKBACK } from '../model/series.ts'
import { type Timestamp, timestamp } from '../model/units.ts'

export const dueAt =
  (series: SeriesReader, now: () => Timestamp) =>
  ({ source, table }: { readonly source: string; readonly table: string }): Timestamp | null => {
    const to = now()
    const range = { from: timestamp(to - LOOKBACK), to }
    const deadlines = series
      .find([
        { name: '__name__', op: '=', value: 'tidemark_table_due_timestamp_seconds' },
        { name: 'source', op: '=', value: source },
        { name: 'table', op: '=', value: table },
      ])
      .flatMap((handle) => handle.samples(range).values.at(-1) ?? [])
      .filter((seconds) => Number.isFinite(seconds))
    return deadlines.length === 0 ? null : timestamp(Math.min(...deadlines) * 1_000)
  }
