// What telemetry counts about itself.
import type { MetricInfo, Sample } from '../model/series.ts'

const metric = (
  name: string,
  type: MetricInfo['type'],
  labels: readonly string[],
  help: string,
): MetricInfo => ({ name: `tidemark_${name}`, help, type, unit: '', labels })

const scrapeSeries = metric('scrape_series', 'gauge', [], 'Series in the last answer of /metrics.')
const scrapeCut = metric(
  'scrape_series_cut_total',
  'counter',
  [],
  'Series left out of answers of /metrics because of the limit telemetry.scrape.max_series.',
)
const exports = metric(
  'otlp_exports_total',
  'counter',
  ['signal', 'result'],
  'Batches sent by OTLP since start, by signal (metrics, traces, logs) and result.',
)

const lost = metric(
  'otlp_dropped_total',
  'counter',
  ['signal', 'reason'],
  'Runs (traces) and alerts (logs) that the collector is not told of: it refused them (refused), or too much waited for it (full).',
)

/** Definitions for the catalogue. */
export const telemetryMetrics: readonly MetricInfo[] = [scrapeSeries, scrapeCut, exports, lost]

export type Signal = 'metrics' | 'traces' | 'logs'

export interface Figures {
  scraped(told: { readonly series: number; readonly cut: number }): void
  exported(signal: Signal, success: boolean): void
  dropped(signal: Signal, reason: Dropped): void
  samples(): Sample[]
}
export type Dropped = 'refused' | 'full'

export function createFigures(): Figures {
  let last: number | null = null
  let cut = 0
  const drops = new Map<string, { readonly signal: Signal; readonly reason: Dropped; count: number }>()
  const sent = new Map<Signal, { success: number; failure: number }>()
  return {
    scraped(told) {
      last = told.series
      cut += told.cut
    },
    exported(signal, success) {
      const counts = sent.get(signal) ?? { success: 0, failure: 0 }
      counts[success ? 'success' : 'failure'] += 1
      sent.set(signal, counts)
    },
    dropped(signal, reason) {
      const key = `${signal} ${reason}`
      const known = drops.get(key) ?? { signal, reason, count: 0 }
      known.count += 1
      drops.set(key, known)
    },
    samples: () => [
      ...(last === null ? [] : [{ name: scrapeSeries.name, labels: {}, value: last }]),
      { name: scrapeCut.name, labels: {}, value: cut },
      ...[...sent].flatMap(([signal, counts]) =>
        (['success', 'failure'] as const).map((result) => ({
          name: exports.name,
          labels: { signal, result },
          value: counts[result],
        })),
      ),
      ...[...drops.values()].map(({ signal, reason, count }) => ({
        name: lost.name,
        labels: { signal, reason },
        value: count,
      })),
    ],
  }
}
