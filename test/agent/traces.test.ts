import { expect, test } from 'vitest'
import { openTraces } from '../../src/agent/traces.ts'
import type { HttpRequest } from '../../src/io/http.ts'
import { createLog } from '../../src/io/log.ts'
import { settle } from '../../src/ledger/ledger.ts'
import { edgeOf, jobId } from '../../src/model/run-facts.ts'
import { DAY, HOUR, MINUTE, SECOND, timestamp } from '../../src/model/units.ts'
import { openStore } from '../../src/store/store.ts'
import { answered } from '../collectors/recorded-http.ts'
import { aReport } from '../model/a-run.ts'
import { NOW } from '../model/a-table.ts'

test('a run is sent once it is over, linked with the run that made what it read', async () => {
  await using store = await openStore({
    directory: ':memory:',
    now: NOW,
    log: createLog('silent'),
    retention: { samples: DAY, commits: DAY, runs: DAY },
  })
  const requests: HttpRequest[] = []
  const traces = openTraces({
    otlp: { endpoint: 'http://collector:4318/', headers: {}, traces: true, logs: true, timeout: SECOND },
    store,
    log: createLog('silent'),
    version: '1',
    http: async (request) => {
      requests.push(request)
      return answered(200, {}, {})
    },
  })
  const of = (name: string) => ({ ...aReport().of, name })
  const early = { startedAt: timestamp(NOW - HOUR), endedAt: timestamp(NOW - 30 * MINUTE) }
  const facts = [
    aReport({ pipeline: 'load', of: of('load'), ...early }),
    edgeOf('x', 'writes', jobId('default', 'load'), 's3://lake/orders', NOW),
    edgeOf('x', 'reads', 's3://lake/orders', jobId('default', 'report'), NOW),
    aReport({ pipeline: 'report', of: of('report'), endedAt: NOW }),
  ]
  traces.store.record(settle(facts, traces.store), NOW)
  await traces.flush(timestamp(NOW + MINUTE), new AbortController().signal)

  expect(requests.map((request) => String(request.url))).toEqual(['http://collector:4318/v1/traces'])
  const { spans } = JSON.parse(String(requests[0]!.body)).resourceSpans[0].scopeSpans[0]
  const [load, report] = ['RUN load', 'RUN report'].map((name) =>
    spans.find((span: { name: string }) => span.name === name),
  )
  expect(report.links).toEqual([{ traceId: load.traceId, spanId: load.spanId }])
})
