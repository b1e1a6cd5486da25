// The Prometheus text of /metrics: the exporter writes it, in one piece while it is small, else in slices.
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import type { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import type { Resource } from '@opentelemetry/resources'
import type { MetricData } from '@opentelemetry/sdk-metrics'
import type { Matcher } from '../model/series.ts'
import type { Figures } from './figures.ts'
import { type SlicesFrom, slices } from './slices.ts'

/** Up to this many series the exporter collects and writes all at once: about ten milliseconds. */
const SMALL = 2_000

export interface ScrapeAsked {
  /** Only series that match any of these; all where there is none. */
  readonly matches: ReadonlyArray<readonly Matcher[]>
  /** One series for all tables of a source, all pipelines, … */
  readonly aggregated: boolean
}

export interface ScrapeParts {
  readonly from: SlicesFrom
  readonly resource: Resource
  /** Null where the SDK is switched off (OTEL_SDK_DISABLED): a scrape is answered all the same. */
  readonly exporter: PrometheusExporter | null
  readonly most: number
  readonly figures: Figures
}

export async function* scrape(parts: ScrapeParts, asked: ScrapeAsked): AsyncGenerator<string> {
  const { from, exporter, most } = parts
  const { matches, aggregated } = asked
  const count = from.series.find([]).length
  if (exporter !== null && matches.length === 0 && !aggregated && count <= Math.min(SMALL, most)) {
    const { resourceMetrics } = await exporter.collect()
    parts.figures.scraped({ series: count, cut: 0 })
    yield serializer(true).serialize(resourceMetrics)
    return
  }
  yield* inSlices(parts, asked)
}

async function* inSlices(
  { from, resource, most, figures }: ScrapeParts,
  asked: ScrapeAsked,
): AsyncGenerator<string> {
  const rest = serializer(false)
  const write = (by: PrometheusSerializer, metrics: MetricData[]) =>
    by.serialize({ resource, scopeMetrics: [{ scope: { name: 'tidemark' }, metrics }] })
  const pieces = slices(from, { ...asked, most })
  let before: string | undefined
  let piece = await pieces.next()
  for (; piece.done !== true; piece = await pieces.next()) {
    const text = write(before === undefined ? serializer(true) : rest, piece.value)
    const name = piece.value[0]?.descriptor.name
    yield name === before ? withoutComments(text) : text
    before = name
  }
  figures.scraped(piece.value)
  if (before === undefined) yield write(serializer(true), [])
  if (piece.value.cut > 0) yield `# ${piece.value.cut} series are left out: at most ${most} are told\n`
}

const serializer = (withTarget: boolean): PrometheusSerializer =>
  new PrometheusSerializer(undefined, false, undefined, !withTarget, true)

/** What a metric is, is said once. */
function withoutComments(text: string): string {
  let at = 0
  while (text.startsWith('# ', at)) at = text.indexOf('\n', at) + 1
  return text.slice(at)
}
