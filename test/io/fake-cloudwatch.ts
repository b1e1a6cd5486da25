// A small CloudWatch in this process: keeps values by minute as the real one does, lists them, and makes what trouble a test asks for.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import zlib from 'node:zlib'

interface Datum {
  readonly MetricName: string
  readonly Dimensions?: ReadonlyArray<{ readonly Name: string; readonly Value: string }>
  /** Seconds. */
  readonly Timestamp: number
  readonly Value: number
}
interface Query {
  readonly Id: string
  readonly MetricStat: {
    readonly Metric: Omit<Datum, 'Timestamp' | 'Value'> & { readonly Namespace: string }
    readonly Period: number
    readonly Stat: string
  }
}

/** Answers a request in place of the server: a status and a body, or nothing to leave it to the server after all. */
export type Trouble = (action: string, body: string) => { status: number; body: object } | undefined

export interface FakeCloudWatch extends AsyncDisposable {
  readonly endpoint: string
  /** `GetMetricData 12`: the action and how many metrics it asked for or wrote. */
  readonly requests: string[]
  /** Meets each request until it is taken away. */
  trouble: Trouble | undefined
  put(namespace: string, data: readonly Datum[]): void
  /** Metrics of one ListMetrics page, and results of one GetMetricData page. */
  pageSize: number
}

export const throttled: Trouble = () => ({
  status: 400,
  body: { __type: 'com.amazonaws.cloudwatch#ThrottlingException', message: 'Rate exceeded' },
})
export const denied: Trouble = () => ({
  status: 403,
  body: { __type: 'com.amazonaws.cloudwatch#AccessDeniedException', message: 'secret words' },
})

export async function startFakeCloudWatch(): Promise<FakeCloudWatch> {
  const values = new Map<string, Datum[]>()
  const requests: string[] = []
  const fake = { trouble: undefined as Trouble | undefined, pageSize: 500 }
  const put = (namespace: string, data: readonly Datum[]): void => {
    for (const datum of data) {
      const key = keyOf(namespace, datum)
      values.set(key, [...(values.get(key) ?? []), datum])
    }
  }
  const actions: Readonly<Record<string, (input: never) => object>> = {
    PutMetricData: (input: { Namespace: string; MetricData: Datum[] }) => {
      put(input.Namespace, input.MetricData)
      return {}
    },
    ListMetrics: ({ Namespace, MetricName, NextToken = '0' }: Record<string, string>) => {
      const all = [...values.keys()]
        .map((key) => JSON.parse(key) as [string, string, Array<[string, string]>])
        .filter(([space, name]) => (Namespace ?? space) === space && (MetricName ?? name) === name)
      const from = Number(NextToken)
      return {
        Metrics: all.slice(from, from + fake.pageSize).map(([space, name, dimensions]) => ({
          Namespace: space,
          MetricName: name,
          Dimensions: dimensions.map(([Name, Value]) => ({ Name, Value })),
        })),
        ...(from + fake.pageSize < all.length ? { NextToken: String(from + fake.pageSize) } : {}),
      }
    },
    GetMetricData: (input: {
      MetricDataQueries: Query[]
      StartTime: number
      EndTime: number
      NextToken?: string
    }) => {
      const from = Number(input.NextToken ?? '0')
      const page = input.MetricDataQueries.slice(from, from + fake.pageSize)
      const next = from + fake.pageSize
      return {
        MetricDataResults: page.map((query) => answer(values, query, input.StartTime, input.EndTime)),
        ...(next < input.MetricDataQueries.length ? { NextToken: String(next) } : {}),
      }
    },
  }
  const server = http.createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const raw = Buffer.concat(pieces)
      const text = (request.headers['content-encoding'] === 'gzip' ? zlib.gunzipSync(raw) : raw).toString()
      const action = String(request.headers['x-amz-target']).split('.').at(-1)!
      const input = JSON.parse(text) as { MetricDataQueries?: unknown[]; MetricData?: unknown[] }
      requests.push(`${action} ${(input.MetricDataQueries ?? input.MetricData ?? []).length}`)
      const { status, body } = fake.trouble?.(action, text) ?? {
        status: 200,
        body: actions[action]!(input as never),
      }
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' })
      response.end(JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return Object.assign(fake, {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    put,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  })
}

const keyOf = (
  namespace: string,
  { MetricName, Dimensions = [] }: Pick<Datum, 'MetricName' | 'Dimensions'>,
) =>
  JSON.stringify([
    namespace,
    MetricName,
    Dimensions.map(({ Name, Value }) => [Name, Value]).toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)),
  ])

function answer(
  values: ReadonlyMap<string, readonly Datum[]>,
  { Id, MetricStat: { Metric, Period, Stat } }: Query,
  from: number,
  to: number,
): object {
  const mine = (values.get(keyOf(Metric.Namespace, Metric)) ?? []).filter(
    ({ Timestamp: at }) => at >= from && at < to,
  )
  const periods = Map.groupBy(mine, ({ Timestamp: at }) => Math.floor(at / Period) * Period)
  const times = [...periods.keys()].toSorted((a, b) => a - b)
  return {
    Id,
    Label: Id,
    StatusCode: 'Complete',
    Timestamps: times,
    Values: times.map((time) =>
      reduce(
        Stat,
        periods.get(time)!.map(({ Value }) => Value),
      ),
    ),
  }
}

function reduce(statistic: string, values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0)
  switch (statistic) {
    case 'Sum':
      return sum
    case 'SampleCount':
      return values.length
    case 'Average':
      return sum / values.length
    case 'Minimum':
      return Math.min(...values)
    default:
      return Math.max(...values)
  }
}
