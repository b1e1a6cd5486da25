// How much of a time a table was on time, from the series that says when it was due: the error budget of its expectation.
import type { Known } from '../model/known.ts'
import type { Range, Samples } from '../model/series.ts'
import { type Millis, type Timestamp, millis, timestamp } from '../model/units.ts'

/** The share of the time in which a table is to be on time, where its expectation says nothing else. */
export const DEFAULT_OBJECTIVE = 0.99
/** Late times and due times in one answer, the newest. */
const MOST = 500

export interface Stretch {
  readonly from: Timestamp
  readonly to: Timestamp
}

export interface OnTime {
  readonly from: Timestamp
  readonly to: Timestamp
  /** 0..1: what is aimed at. */
  readonly objective: number
  /**
   * Time in which the table could be read and had a deadline, or was late all the while though nobody looked; the rest
   * is unknown and counts as neither.
   */
  readonly known: Millis
  readonly late: Millis
  /** 1 − late / known; null where nothing is known. */
  readonly share: Known<number>
  /** Lateness that the objective allows in the whole time, and what is left of it (below 0: overspent). */
  readonly allowed: Millis
  readonly left: Millis
  /** When it was late, and when it was due, oldest first; the newest where there are many. */
  readonly lateSpans: readonly Stretch[]
  readonly dues: readonly Timestamp[]
}

/**
 * `samples` are of tidemark_table_due_timestamp_seconds. A sample speaks until the next one, for `patience` at most. The
 * budget is that of service level objectives: (1 − objective) of the time (Site Reliability Workbook, chapter 2).
 */
export function onTimeOf(samples: Samples, range: Range, objective: number, patience: Millis): OnTime {
  const { from, to } = range
  const { timestamps, values } = samples
  const lateSpans: Array<{ from: Timestamp; to: Timestamp }> = []
  const dues = new Set<number>()
  let known = 0
  let late = 0
  /** Until then it is judged. */
  let judged: number = from
  for (let i = 0; i < timestamps.length; i++) {
    const due = values[i]! * 1_000
    // What ended (a staleness marker is NaN) has no deadline until it is told of again.
    if (!Number.isFinite(due)) continue
    dues.add(due)
    const at = timestamps[i]!
    const end = Math.min(timestamps[i + 1] ?? to, at + patience, to)
    if (at >= end) continue
    // Nobody looked before, and nothing came since: it was late from when it was due.
    const start = Math.min(at, Math.max(due, judged))
    judged = end
    known += end - start
    const lateAt = Math.max(start, due)
    if (lateAt >= end) continue
    late += end - lateAt
    const last = lateSpans.at(-1)
    if (last?.to === lateAt) last.to = timestamp(end)
    else lateSpans.push({ from: timestamp(lateAt), to: timestamp(end) })
  }
  const allowed = (1 - objective) * (to - from)
  return {
    from,
    to,
    objective,
    known: millis(known),
    late: millis(late),
    share: known === 0 ? null : 1 - late / known,
    allowed: millis(allowed),
    left: millis(allowed - late),
    lateSpans: lateSpans.slice(-MOST),
    dues: [...dues]
      .filter((at) => at >= from)
      .toSorted((a, b) => a - b)
      .slice(-MOST)
      .map(timestamp),
  }
}
