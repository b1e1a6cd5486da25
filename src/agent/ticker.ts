// A tick: what is known now, and what is expected of it, becomes samples.
import { type View, samplesAt } from '../catalogue/catalogue.ts'
import type { Expectations } from '../expect/expect.ts'
import type { Sample, SeriesWriter } from '../model/series.ts'
import { type Timestamp, timestamp } from '../model/units.ts'
import type { Notifier } from '../notify/notify.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

export interface Ticking {
  readonly series: SeriesWriter
  readonly view: View
  readonly expectations: Expectations
  readonly notifier: Notifier
  readonly telemetry: Telemetry
}

export function createTicker({
  series,
  view,
  expectations,
  notifier,
  telemetry,
}: Ticking): (now: Timestamp) => void {
  let last = timestamp(0)
  return (now) => {
    // A scope's appends move forward; two in one millisecond would make the second a late one, which ends no series.
    last = timestamp(Math.max(now, last + 1))
    const known = samplesAt(view, now)
    const own = [...notifier.stats(now), ...telemetry.stats()]
    series.append('catalogue', [...known, ...expected(expectations, known), ...own], last)
  }
}

/** Deadlines follow from the samples of what could be read: where those are missing, nothing is due. */
export function expected(expectations: Expectations, known: readonly Sample[]): Sample[] {
  const successes = new Map<string, Timestamp>()
  for (const { name, labels, value } of known) {
    if (name === 'tidemark_pipeline_last_success_timestamp_seconds')
      successes.set(keyOf(labels), timestamp(value * 1000))
  }
  return known.flatMap(({ name, labels, value }) => {
    const { source = '', table = '', pipeline = '' } = labels
    if (name === 'tidemark_table_last_change_timestamp_seconds') {
      return expectations.ofTable({
        source,
        table,
        lastChange: { at: timestamp(value * 1000) },
        vanished: null,
      })
    }
    if (name === 'tidemark_pipeline_info') {
      return expectations.ofPipeline({ source, pipeline, lastSuccess: successes.get(keyOf(labels)) ?? null })
    }
    return []
  })
}

const keyOf = ({ source, pipeline }: Sample['labels']): string => JSON.stringify([source, pipeline])
