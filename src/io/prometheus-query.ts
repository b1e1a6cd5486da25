// Asks a Prometheus-compatible service (Prometheus, Mimir, Thanos, VictoriaMetrics) for an expression at a time.
import { z } from 'zod'
import { SourceError, explainError } from '../model/errors.ts'
import type { Labels } from '../model/series.ts'
import { type Millis, type Timestamp, MIB, MINUTE, bytes, millis, timestamp } from '../model/units.ts'
import { type HttpClient, redactedUrl } from './http.ts'

/** An answer larger than this is no answer to a rule. */
const ANSWER_MAX = bytes(64 * MIB)
/** Prometheus's own limit on a query. */
const TIMEOUT: Millis = millis(2 * MINUTE)

export interface RemoteQuery {
  /** The service's base, such as `https://mimir.example.com/prometheus`. */
  readonly url: string
  /** Authorization, tenant and the like. */
  readonly headers?: Readonly<Record<string, string>>
  readonly timeout?: Millis
}

interface RemoteSample {
  readonly labels: Labels
  readonly value: number
  readonly timestamp: Timestamp
}

/** Go's spelling of floats in the API. */
const SPECIAL: Readonly<Record<string, number>> = {
  NaN: NaN,
  '+Inf': Infinity,
  Inf: Infinity,
  '-Inf': -Infinity,
}
const Value = z.string().transform((text, context) => {
  const value = SPECIAL[text] ?? (text.trim() === '' ? undefined : Number(text))
  if (value !== undefined && (text === 'NaN' || !Number.isNaN(value))) return value
  context.issues.push({
    code: 'custom',
    input: text,
    message: `not a number: ${JSON.stringify(text.slice(0, 50))}`,
  })
  return z.NEVER
})
const Point = z.tuple([z.number(), Value])
const Answer = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('success'),
    data: z.discriminatedUnion('resultType', [
      z.object({
        resultType: z.literal('vector'),
        result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: Point.optional() })),
      }),
      z.object({ resultType: z.literal('scalar'), result: Point }),
    ]),
  }),
  z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() }),
])

/**
 * Rejects with SourceError: 'timeout' and 'unreachable' from the network, 'denied', 'throttled', 'unsupported' for an
 * expression or an answer that is not for rules, 'corrupt' for an answer that is none.
 */
export function createPrometheusQuery(remote: RemoteQuery, http: HttpClient) {
  const url = new URL(`${remote.url.replace(/\/+$/, '')}/api/v1/query`)
  const subject = redactedUrl(url)
  return async (expr: string, at: Timestamp, signal: AbortSignal): Promise<readonly RemoteSample[]> => {
    const timeout = remote.timeout ?? TIMEOUT
    const { status, text } = await http({
      method: 'POST',
      url,
      headers: {
        ...remote.headers,
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({
        query: expr,
        time: String(at / 1000),
        timeout: `${Math.ceil(timeout / 1000)}s`,
      }).toString(),
      timeout,
      maxBytes: ANSWER_MAX,
      signal,
    })
    if (status === 401 || status === 403)
      throw new SourceError('denied', `query at ${subject}: status ${status}`, { subject })
    if (status === 429)
      throw new SourceError('throttled', `query at ${subject}: status 429, too many requests`, { subject })
    return samplesOf(text, status, subject)
  }
}

function samplesOf(text: string, status: number, subject: string): RemoteSample[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    const reason = status >= 500 ? 'unreachable' : 'corrupt'
    throw new SourceError(
      reason,
      `query at ${subject}: status ${status} and no JSON: ${explainError(cause)}`,
      { subject, cause },
    )
  }
  const parsed = Answer.safeParse(json)
  if (!parsed.success) {
    throw new SourceError(
      'corrupt',
      `query at ${subject}: status ${status}, an answer that is no vector: ${z.prettifyError(parsed.error).slice(0, 500)}`,
      { subject },
    )
  }
  const answer = parsed.data
  if (answer.status === 'error') {
    const reason =
      answer.errorType === 'timeout'
        ? 'timeout'
        : answer.errorType === 'unavailable'
          ? 'unreachable'
          : 'unsupported'
    throw new SourceError(reason, `query at ${subject}: ${answer.errorType}: ${answer.error.slice(0, 500)}`, {
      subject,
    })
  }
  const sample = (labels: Labels, [seconds, value]: [number, number]): RemoteSample => ({
    labels,
    value,
    timestamp: timestamp(Math.round(seconds * 1000)),
  })
  if (answer.data.resultType === 'scalar') return [sample({}, answer.data.result)]
  // A native histogram has no value; rules over them are not ours to judge.
  return answer.data.result.flatMap(({ metric, value }) =>
    value === undefined ? [] : [sample(metric, value)],
  )
}
