// Which metrics there are: ListMetrics, asked rarely and bounded. It knows what had points in the last two weeks.
import picomatch from 'picomatch'
import type { CloudWatch, MetricName } from '../../io/cloudwatch.ts'
import { type WatchedPipeline, PIPELINE_METRICS, pipelinesIn } from './pipelines.ts'
import type { Selection, WantedMetric } from './presets.ts'

/** Pages of one listing (500 metrics each), and what is watched of one source. */
const PAGES = 40
const MAX_PIPELINES = 1_000
const MAX_RESOURCES = 1_000
const MAX_MEASURES = 5_000
const LONGEST_NAME = 200

/** One metric of one resource. */
export interface Watched {
  readonly service: string
  readonly resource: string
  readonly name: MetricName
  readonly wanted: WantedMetric
  /** What it is called in the usage fact. */
  readonly measure: string
  readonly period: Selection['period']
  readonly instanceType: string | null
}

export interface Found<T> {
  readonly found: readonly T[]
  /** Limits that were reached, one sentence each. */
  readonly omitted: readonly string[]
  /** ListMetrics requests. */
  readonly requests: number
}

export async function findPipelines(
  cloudWatch: Pick<CloudWatch, 'list'>,
  root: string,
  signal: AbortSignal,
): Promise<Found<WatchedPipeline>> {
  const metrics: MetricName[] = []
  const omitted: string[] = []
  let requests = 0
  // ListMetrics takes no prefix of a namespace, but a metric's name in all of them.
  for (const metric of PIPELINE_METRICS) {
    const listed = await list(cloudWatch, { metric }, signal)
    requests += listed.requests
    metrics.push(...listed.metrics)
    if (listed.cut)
      omitted.push(`more than ${PAGES * 500} metrics are named ${metric}: the rest was not seen`)
  }
  const all = pipelinesIn(root, metrics)
  if (all.length > MAX_PIPELINES)
    omitted.push(`${all.length - MAX_PIPELINES} of ${all.length} pipelines are beyond the limit of a source`)
  return { found: all.slice(0, MAX_PIPELINES), omitted, requests }
}

/** What of one namespace its selections ask for. */
export async function findMeasures(
  cloudWatch: Pick<CloudWatch, 'list'>,
  namespace: string,
  selections: readonly Selection[],
  signal: AbortSignal,
): Promise<Found<Watched>> {
  const listed = await list(cloudWatch, { namespace }, signal)
  const omitted = listed.cut
    ? [`${namespace} has more than ${PAGES * 500} metrics: the rest was not seen`]
    : []
  const watched = new Map<string, Watched>()
  for (const name of listed.metrics)
    for (const one of selections) {
      for (const found of watch(one, name)) {
        const key = `${found.service}\n${found.resource}\n${found.measure}`
        // A metric told with several sets of dimensions is one: the first by name, so that it stays the same.
        const known = watched.get(key)
        if (known === undefined || spelled(name) < spelled(known.name)) watched.set(key, found)
      }
    }
  const all = [...watched.values()].toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
  const resources = new Set([...new Set(all.map(({ resource }) => resource))].slice(0, MAX_RESOURCES))
  const kept = all.filter(({ resource }) => resources.has(resource)).slice(0, MAX_MEASURES)
  if (kept.length < all.length)
    omitted.push(
      `${all.length - kept.length} of ${all.length} metrics of ${namespace} are beyond the limits of a source (${MAX_RESOURCES} resources, ${MAX_MEASURES} metrics)`,
    )
  return { found: kept, omitted, requests: listed.requests }
}

function watch(selection: Selection, name: MetricName): Watched[] {
  const resource = selection.resourceOf(name.dimensions)
  if (resource === null || resource === '') return []
  const mine = selection.metrics.filter(({ metric }) => picomatch.isMatch(name.metric, metric))
  return mine.map((wanted) => ({
    service: selection.service,
    resource: resource.replaceAll(/[\p{Cc}\p{Cf}]/gu, '').slice(0, LONGEST_NAME),
    name,
    wanted,
    measure: mine.length === 1 ? name.metric : `${name.metric}:${wanted.statistic}`,
    period: selection.period,
    instanceType: name.dimensions['InstanceType'] ?? null,
  }))
}

const spelled = ({ dimensions }: MetricName): string =>
  JSON.stringify(Object.entries(dimensions).toSorted(([a], [b]) => (a < b ? -1 : 1)))
const orderOf = ({ service, resource, measure }: Watched): string => `${service}\n${resource}\n${measure}`

async function list(
  cloudWatch: Pick<CloudWatch, 'list'>,
  ask: { readonly namespace?: string; readonly metric?: string },
  signal: AbortSignal,
): Promise<{ readonly metrics: readonly MetricName[]; readonly requests: number; readonly cut: boolean }> {
  const metrics: MetricName[] = []
  let page: string | undefined
  for (let requests = 1; ; requests += 1) {
    const answer = await cloudWatch.list({ ...ask, page }, signal)
    metrics.push(...answer.metrics)
    page = answer.next
    if (page === undefined || requests >= PAGES) return { metrics, requests, cut: page !== undefined }
  }
}
