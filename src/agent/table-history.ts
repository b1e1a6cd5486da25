// A table's last month as series tell it: how much of it it was late, and which alerts fired when.
import { type Expectations, type OnTime, type Stretch, onTimeOf } from '../expect/expect.ts'
import type { Clock } from '../io/clock.ts'
import { LOOKBACK, type Matcher, type Samples, type SeriesReader } from '../model/series.ts'
import { DAY, MINUTE, type Millis, type Timestamp, millis, timestamp } from '../model/units.ts'

const WINDOW = 30 * DAY
/** A month of samples is not read at every look. */
const KEPT_FOR = MINUTE
const TABLES_KEPT = 50
const ALERTS = 50
const STRETCHES = 100

interface AlertStretch extends Stretch {
  readonly alert: string
  readonly severity: string
}

interface TableHistory {
  /** By severity of the deadline. */
  readonly onTime: ReadonlyArray<OnTime & { readonly severity: string; readonly origin: string }>
  readonly alerts: readonly AlertStretch[]
}

interface Named {
  readonly source: string
  readonly table: string
}

export interface HistoryParts {
  readonly series: SeriesReader
  readonly expectations: Expectations
  readonly resolution: Millis
  readonly clock: Pick<Clock, 'now'>
}

export function tableHistory(parts: HistoryParts): (table: Named) => TableHistory {
  const kept = new Map<string, { readonly at: Timestamp; readonly history: TableHistory }>()
  return ({ source, table }) => {
    const now = parts.clock.now()
    const key = JSON.stringify([source, table])
    const before = kept.get(key)
    if (before !== undefined && now - before.at < KEPT_FOR) return before.history
    const history = read({ source, table }, parts, now)
    kept.delete(key)
    kept.set(key, { at: now, history })
    for (const [oldest] of kept) {
      if (kept.size <= TABLES_KEPT) break
      kept.delete(oldest)
    }
    return history
  }
}

function read(of: Named, { series, expectations, resolution }: HistoryParts, now: Timestamp): TableHistory {
  const range = { from: timestamp(now - WINDOW), to: now }
  const patience = millis(Math.max(LOOKBACK, 3 * resolution))
  const about = (name: string, more: readonly Matcher[] = []) =>
    series.find([
      { name: '__name__', op: '=', value: name },
      { name: 'source', op: '=', value: of.source },
      { name: 'table', op: '=', value: of.table },
      ...more,
    ])
  return {
    onTime: about('tidemark_table_due_timestamp_seconds')
      .map((handle) => ({
        severity: handle.labels['severity'] ?? '',
        origin: handle.labels['origin'] ?? '',
        ...onTimeOf(handle.samples(range), range, expectations.objective(of), patience),
      }))
      .filter(({ known }) => known > 0),
    alerts: about('ALERTS', [{ name: 'alertstate', op: '=', value: 'firing' }])
      .slice(0, ALERTS)
      .flatMap((handle) =>
        stretches(handle.samples(range), patience, now).map((stretch) => ({
          ...stretch,
          alert: handle.labels['alertname'] ?? '',
          severity: handle.labels['severity'] ?? '',
        })),
      ),
  }
}

/** Where samples follow each other without a gap; the newest ones. */
function stretches({ timestamps, values }: Samples, patience: Millis, now: Timestamp): Stretch[] {
  const found: Array<{ from: Timestamp; to: Timestamp }> = []
  for (let i = 0; i < timestamps.length; i++) {
    if (Number.isNaN(values[i]!)) continue
    const from = timestamp(timestamps[i]!)
    const to = timestamp(Math.min(timestamps[i + 1] ?? now, from + patience, now))
    const last = found.at(-1)
    if (last?.to === from) last.to = to
    else found.push({ from, to })
  }
  return found.slice(-STRETCHES)
}
