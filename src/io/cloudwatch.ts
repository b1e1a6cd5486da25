// Amazon CloudWatch's metrics: found, read in one question for many, and written. Every answer is bounded.
import type * as Sdk from '@aws-sdk/client-cloudwatch'
import { SourceError } from '../model/errors.ts'
import { type Millis, type Timestamp, MINUTE, SECOND, millis, timestamp } from '../model/units.ts'
import type { Clock } from './clock.ts'
import { judgeCloudWatch } from './cloudwatch-errors.ts'
import { s3Place } from './objects.ts'

export type OpenCloudWatch = (options?: CloudWatchPlace) => CloudWatch

/** What is not said, the standard AWS environment says. */
export interface CloudWatchPlace {
  readonly region?: string | undefined
  readonly endpoint?: string | undefined
}

export interface MetricName {
  readonly namespace: string
  readonly metric: string
  readonly dimensions: Readonly<Record<string, string>>
}

export interface MetricQuery extends MetricName {
  /** `Sum`, `Average`, `Maximum`, `Minimum`, `SampleCount`, `p99`, … */
  readonly statistic: string
  readonly period: Millis
}

export interface MetricPoint {
  /** Start of its period. */
  readonly at: Timestamp
  readonly value: number
}

export interface MetricAnswer {
  /** Oldest first. */
  readonly points: readonly MetricPoint[]
  /** False where CloudWatch gave only a part of it, or failed at it. */
  readonly complete: boolean
}

export interface MetricDatum {
  readonly metric: string
  readonly dimensions: Readonly<Record<string, string>>
  readonly at: Timestamp
  readonly value: number
  /** CloudWatch's word: `Count`, `Bytes`, `Seconds`, `None`. */
  readonly unit: 'Count' | 'Bytes' | 'Seconds' | 'None'
}

export interface CloudWatch {
  readonly counters: CloudWatchCounters
  /** The AWS region, as far as it is said; '' where the SDK has to find it. */
  readonly region: string
  /** One page of at most 500 metrics that had points in the last two weeks. */
  list(ask: ListAsk, signal: AbortSignal): Promise<ListPage>
  /**
   * Answers in the order of the queries; at most 500 of them, and 100,800 points in all.
   * `said` is what CloudWatch remarks of the whole.
   */
  read(ask: ReadAsk, signal: AbortSignal): Promise<{ answers: readonly MetricAnswer[]; said: string[] }>
  /** At most 1,000 and 1 MB at once. */
  write(namespace: string, data: readonly MetricDatum[], signal: AbortSignal): Promise<void>
}

export interface CloudWatchCounters {
  requests: number
  /** Metrics asked for by GetMetricData, each attempt: what CloudWatch bills. */
  metrics: number
}

export interface ListAsk {
  readonly namespace?: string | undefined
  readonly metric?: string | undefined
  readonly page?: string | undefined
}

export interface ListPage {
  readonly metrics: readonly MetricName[]
  readonly next: string | undefined
}

export interface ReadAsk {
  readonly queries: readonly MetricQuery[]
  /** Inclusive; multiples of the periods. */
  readonly from: Timestamp
  /** Exclusive. */
  readonly to: Timestamp
}

/** GetMetricData's own limits. */
export const QUERIES_AT_ONCE = 500
export const POINTS_AT_ONCE = 100_800
/** PutMetricData's: values in a request, bytes of it, dimensions of a value. */
export const VALUES_AT_ONCE = 1_000

const ATTEMPTS = 4
const FIRST_PAUSE = 400
const LONGEST_PAUSE = 10_000
const OVERALL = MINUTE
const CONNECT = 5 * SECOND
const ANSWER = 20 * SECOND
/** Pages of one answer; beyond that it is told as incomplete. */
const MAX_PAGES = 50

export interface CloudWatchWorld {
  readonly clock: Clock
  readonly random: () => number
  readonly environment: Readonly<Record<string, string | undefined>>
}

export const cloudWatchOpener =
  (world: CloudWatchWorld): OpenCloudWatch =>
  ({ region, endpoint } = {}) => {
    const { environment } = world
    const own = endpoint ?? environment['AWS_ENDPOINT_URL_CLOUDWATCH'] ?? environment['AWS_ENDPOINT_URL']
    const place = s3Place({ region, endpoint: own }, { ...environment, AWS_ENDPOINT_URL_S3: undefined })
    return openCloudWatch(place, world)
  }

type Place = ReturnType<typeof s3Place>

interface Loaded {
  readonly sdk: typeof Sdk
  readonly client: Sdk.CloudWatchClient
}

/** Loaded at the first request, as the S3 SDK is. `attempts` are the SDK's own. */
export async function loadCloudWatch(
  place: Omit<Place, 'forcePathStyle'>,
  attempts: number,
): Promise<Loaded> {
  const [sdk, { NodeHttpHandler }] = await Promise.all([
    import('@aws-sdk/client-cloudwatch'),
    import('@smithy/node-http-handler'),
  ])
  const client = new sdk.CloudWatchClient({
    ...(place.region === undefined ? {} : { region: place.region }),
    ...(place.endpoint === undefined ? {} : { endpoint: place.endpoint }),
    ...(place.credentials === undefined ? {} : { credentials: place.credentials }),
    maxAttempts: attempts,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: CONNECT,
      requestTimeout: ANSWER,
      throwOnRequestTimeout: true,
    }),
  })
  return { sdk, client }
}

type Call = <T>(action: string, signal: AbortSignal, attempt: (loaded: Loaded) => Promise<T>) => Promise<T>

function openCloudWatch(place: Place, world: CloudWatchWorld): CloudWatch {
  const counters: CloudWatchCounters = { requests: 0, metrics: 0 }
  const call = caller(place, counters, world)
  return {
    counters,
    region: place.region ?? '',
    list: ({ namespace, metric, page }, signal) =>
      call('ListMetrics', signal, async ({ sdk, client }) => {
        const answer = await client.send(
          new sdk.ListMetricsCommand({
            ...(namespace === undefined ? {} : { Namespace: namespace }),
            ...(metric === undefined ? {} : { MetricName: metric }),
            ...(page === undefined ? {} : { NextToken: page }),
          }),
          { abortSignal: signal },
        )
        return { metrics: (answer.Metrics ?? []).flatMap(metricName), next: answer.NextToken || undefined }
      }),
    read: (ask, signal) => readData(call, counters, ask, signal),
    write: (namespace, data, signal) =>
      call('PutMetricData', signal, async ({ sdk, client }) => {
        const MetricData = data.map(({ metric, dimensions, at, value, unit }) => ({
          MetricName: metric,
          Dimensions: asDimensions(dimensions),
          Timestamp: new Date(at),
          Value: value,
          Unit: unit,
        }))
        const command = new sdk.PutMetricDataCommand({ Namespace: namespace, MetricData })
        await client.send(command, { abortSignal: signal })
      }),
  }
}

/** Attempts until one succeeds or none may follow; each is counted. Throws SourceError. */
function caller(place: Place, counters: CloudWatchCounters, { clock, random }: CloudWatchWorld): Call {
  const where =
    place.endpoint === undefined
      ? `CloudWatch in ${place.region ?? 'an unknown region'}`
      : new URL(place.endpoint).origin
  const stopped = (action: string, cause: unknown) =>
    new SourceError('timeout', `${action} at ${where} was stopped before it was done`, {
      subject: where,
      cause,
    })
  let loading: Promise<Loaded> | undefined
  return async (action, signal, attempt) => {
    const started = clock.monotonic()
    for (let n = 1; ; n += 1) {
      if (signal.aborted) throw stopped(action, signal.reason)
      counters.requests += 1
      try {
        return await attempt(await (loading ??= loadCloudWatch(place, 1)))
      } catch (thrown) {
        if (signal.aborted) throw stopped(action, thrown)
        const { error, retry } = judgeCloudWatch(thrown, { action, where })
        const pause = millis(random() * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 4 ** (n - 1)))
        if (!retry || n >= ATTEMPTS || clock.monotonic() - started + pause > OVERALL) throw error
        await clock.sleep(pause, signal)
      }
    }
  }
}

async function readData(
  call: Call,
  counters: CloudWatchCounters,
  { queries, from, to }: ReadAsk,
  signal: AbortSignal,
): Promise<{ answers: readonly MetricAnswer[]; said: string[] }> {
  const found = queries.map((): Gathered => ({ points: new Map(), complete: false }))
  const said = new Set<string>()
  const input = {
    MetricDataQueries: queries.map(asQuery),
    StartTime: new Date(from),
    EndTime: new Date(to),
    ScanBy: 'TimestampAscending' as const,
  }
  let token: string | undefined
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const next = token
    const answer = await call('GetMetricData', signal, ({ sdk, client }) => {
      // A further page is no further question.
      if (next === undefined) counters.metrics += queries.length
      const more = next === undefined ? {} : { NextToken: next }
      return client.send(new sdk.GetMetricDataCommand({ ...input, ...more }), { abortSignal: signal })
    })
    gather(answer, found, said)
    token = answer.NextToken || undefined
    if (token === undefined) break
  }
  if (token !== undefined) said.add(`more than ${MAX_PAGES} pages: the rest was not read`)
  const answers = found.map(({ points, complete }) => ({
    points: Array.from(points, ([at, value]) => ({ at, value })).toSorted((a, b) => a.at - b.at),
    complete: complete && token === undefined,
  }))
  return { answers, said: [...said] }
}

interface Gathered {
  readonly points: Map<Timestamp, number>
  complete: boolean
}

const asDimensions = (dimensions: Readonly<Record<string, string>>): Sdk.Dimension[] =>
  Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }))

const asQuery = (query: MetricQuery, i: number): Sdk.MetricDataQuery => ({
  Id: `q${i}`,
  ReturnData: true,
  MetricStat: {
    Metric: {
      Namespace: query.namespace,
      MetricName: query.metric,
      Dimensions: asDimensions(query.dimensions),
    },
    Period: query.period / SECOND,
    Stat: query.statistic,
  },
})

function metricName({ Namespace, MetricName, Dimensions = [] }: Sdk.Metric): MetricName[] {
  if (typeof Namespace !== 'string' || typeof MetricName !== 'string') return []
  const dimensions = Object.fromEntries(Dimensions.map(({ Name = '', Value = '' }) => [Name, Value]))
  return [{ namespace: Namespace, metric: MetricName, dimensions }]
}

/** What one page adds; the last word on a query's status is that of its last page. */
function gather(answer: Sdk.GetMetricDataOutput, found: readonly Gathered[], said: Set<string>): void {
  for (const result of answer.MetricDataResults ?? []) {
    const one = found[Number(/^q(\d{1,4})$/.exec(result.Id ?? '')?.[1])]
    if (one === undefined) continue
    const values = result.Values ?? []
    for (const [i, at] of (result.Timestamps ?? []).entries()) {
      const value = values[i]
      const ms = at.getTime()
      if (typeof value === 'number' && Number.isFinite(value) && Number.isFinite(ms))
        one.points.set(timestamp(ms), value)
    }
    one.complete = result.StatusCode === 'Complete'
    for (const { Code = '', Value = '' } of result.Messages ?? []) said.add(remark(Code, Value))
  }
  for (const { Code = '', Value = '' } of answer.Messages ?? []) said.add(remark(Code, Value))
}

const remark = (code: string, value: string): string =>
  `${code}: ${value}`.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, 300)
