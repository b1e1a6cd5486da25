// Prometheus's query API under /api/v1: Grafana connects to it as to a Prometheus.
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { createLimiter } from '../io/limiter.ts'
import { createTurns } from '../io/turns.ts'
import type { Matcher, MetricInfo, SeriesReader } from '../model/series.ts'
import { type Timestamp, MINUTE, millis, timestamp } from '../model/units.ts'
import {
  type Engine,
  type InstantResult,
  PromqlError,
  QueryError,
  type QueryOptions,
  type RangeQuery,
  type RangeResult,
  parse,
  print,
} from '../promql/promql.ts'
import { queryAnswer } from './prometheus-answers.ts'
import { type RunningGroup, alertsAnswer, rulesAnswer } from './prometheus-rules.ts'
import {
  BadParameter,
  type Params,
  length,
  limit,
  one,
  required,
  selectors,
  time,
  unescapeLabel,
} from './prometheus-params.ts'

/** Queries evaluated at once, as in Prometheus; more wait for a place, and are refused when the line is too long. */
const MAX_CONCURRENT = 20
const MAX_WAITING = 200
/** As long as a query may take at all. */
const WAIT = millis(2 * MINUTE)
const ALL: readonly Matcher[] = [{ name: '__name__', op: '!=', value: '' }]
/** Grafana looks at the version to decide what it may ask. */
const SPOKEN_VERSION = '3.5.0'

export interface PrometheusApi {
  readonly engine: Engine
  readonly series: SeriesReader
  readonly metrics: readonly MetricInfo[]
  readonly now: () => Timestamp
  readonly version: string
  readonly groups: () => readonly RunningGroup[]
}

type Answer = (params: Params, request: FastifyRequest, reply: FastifyReply) => unknown

export function prometheusRoutes(api: PrometheusApi): (app: FastifyInstance) => void {
  return (app) => {
    const limiter = createLimiter(MAX_CONCURRENT)
    // All queries together are one guest of the event loop, however many there are.
    const nextTurn = createTurns()
    let waiting = 0
    const evaluate = async (
      params: Params,
      work: (options: QueryOptions) => Promise<InstantResult | RangeResult>,
    ): Promise<InstantResult | RangeResult> => {
      const options = queryOptions(params)
      if (waiting >= MAX_WAITING) throw new Busy(`${waiting} queries wait; try again later`)
      waiting += 1
      let leave
      try {
        leave = await limiter.take(AbortSignal.timeout(Math.min(options.timeout ?? WAIT, WAIT)))
      } catch {
        throw new QueryError('timeout', `query timed out in query queue: ${MAX_CONCURRENT} are evaluated`)
      } finally {
        waiting -= 1
      }
      try {
        return await work(options)
      } finally {
        leave()
      }
    }
    const both = (path: string, answer: Answer) => {
      app.route({
        method: ['GET', 'POST'],
        url: `/api/v1/${path}`,
        handler: async (request, reply) => {
          const params = { ...(request.query as Params), ...(request.body as Params | undefined) }
          try {
            return await answer(params, request, reply)
          } catch (error) {
            return fail(reply, error)
          }
        },
      })
    }
    both('query', async (params, _request, reply) => {
      const [query, at] = [required(params, 'query'), time(params, 'time') ?? api.now()]
      const asked = (options: QueryOptions) => api.engine.instantSliced(query, at, nextTurn, options)
      return stream(reply, queryAnswer(await evaluate(params, asked)))
    })
    both('query_range', async (params, _request, reply) => {
      const [query, range] = [required(params, 'query'), rangeOf(params)]
      const asked = (options: QueryOptions) => api.engine.rangeSliced(query, range, nextTurn, options)
      return stream(reply, queryAnswer(await evaluate(params, asked)))
    })
    both('format_query', (params) => success(print(parse(required(params, 'query')))))
    both('labels', (params) => success(labelNames(api, params)))
    both('label/:name/values', (params, request) => {
      const { name } = request.params as { name: string }
      return success(labelValues(api, params, unescapeLabel(name)))
    })
    both('series', (params) => success(seriesOf(api, params)))
    both('rules', (params) => success(rulesAnswer(api.groups(), params)))
    both('alerts', () => success(alertsAnswer(api.groups())))
    both('metadata', (params) => success(metadata(api, params)))
    both('query_exemplars', () => success([]))
    both('status/buildinfo', () =>
      success({
        version: SPOKEN_VERSION,
        revision: `tidemark-${api.version}`,
        branch: 'tidemark',
        buildUser: '',
        buildDate: '',
        goVersion: '',
      }),
    )
  }
}

const success = (data: unknown) => ({ status: 'success', data })

function rangeOf(params: Params): RangeQuery {
  const start = time(params, 'start')
  const end = time(params, 'end')
  const step = length(params, 'step')
  if (start === undefined) throw new BadParameter('invalid parameter "start": it is missing')
  if (end === undefined) throw new BadParameter('invalid parameter "end": it is missing')
  if (end < start)
    throw new BadParameter('invalid parameter "end": end timestamp must not be before start time')
  if (step === undefined || step <= 0) {
    throw new BadParameter(
      'invalid parameter "step": zero or negative query resolution step widths are not accepted',
    )
  }
  return { start, end, step }
}

function queryOptions(params: Params): QueryOptions {
  const timeout = length(params, 'timeout')
  const lookback = length(params, 'lookback_delta')
  return { ...(timeout === undefined ? {} : { timeout }), ...(lookback === undefined ? {} : { lookback }) }
}

const stream = (reply: FastifyReply, pieces: Iterable<string>): FastifyReply =>
  reply.type('application/json').send(Readable.from(pieces))

/** Label sets that match any of the selectors and have a sample in the asked time. */
function* matching(api: PrometheusApi, params: Params, needed: boolean) {
  const asked = selectors(params)
  if (needed && asked.length === 0) throw new BadParameter('no match[] parameter provided')
  const from = time(params, 'start') ?? timestamp(0)
  const to = time(params, 'end') ?? api.now()
  const seen = new Set<unknown>()
  for (const matchers of asked.length === 0 ? [ALL] : asked) {
    for (const handle of api.series.find(matchers)) {
      if (seen.has(handle) || handle.samples({ from, to }).timestamps.length === 0) continue
      seen.add(handle)
      yield handle.labels
    }
  }
}

function labelNames(api: PrometheusApi, params: Params): string[] {
  const names = new Set<string>()
  for (const labels of matching(api, params, false)) for (const name of Object.keys(labels)) names.add(name)
  return [...names].toSorted().slice(0, limit(params))
}

function labelValues(api: PrometheusApi, params: Params, name: string): string[] {
  const values = new Set<string>()
  for (const labels of matching(api, params, false)) {
    const value = labels[name]
    if (value !== undefined && value !== '') values.add(value)
  }
  return [...values].toSorted().slice(0, limit(params))
}

function seriesOf(api: PrometheusApi, params: Params): unknown[] {
  const most = limit(params)
  const found: unknown[] = []
  for (const labels of matching(api, params, true)) {
    if (found.length >= most) break
    found.push(labels)
  }
  return found
}

function metadata(api: PrometheusApi, params: Params): Record<string, unknown> {
  const asked = one(params, 'metric')
  const shown = api.metrics.filter((metric) => !asked || metric.name === asked).slice(0, limit(params))
  return Object.fromEntries(shown.map(({ name, type, help, unit }) => [name, [{ type, help, unit }]]))
}

const STATUS: Readonly<Record<string, number>> = {
  bad_data: 400,
  execution: 422,
  timeout: 503,
  unavailable: 503,
}

function fail(reply: FastifyReply, error: unknown): FastifyReply {
  const errorType = errorTypeOf(error)
  const message = error instanceof Error ? error.message : 'unknown'
  return reply.code(STATUS[errorType] ?? 500).send({ status: 'error', errorType, error: message })
}

function errorTypeOf(error: unknown): string {
  if (error instanceof BadParameter || error instanceof PromqlError) return 'bad_data'
  if (error instanceof Busy) return 'unavailable'
  if (!(error instanceof QueryError)) return 'internal'
  if (error.fault === 'bad-query') return 'bad_data'
  return error.fault === 'timeout' ? 'timeout' : 'execution'
}

class Busy extends Error {}
