import { describe, expect, test } from 'vitest'
import { settle } from '../../src/ledger/ledger.ts'
import { createLog } from '../../src/io/log.ts'
import { SourceError } from '../../src/model/errors.ts'
import type { Fact } from '../../src/model/facts.ts'
import type { RunFact } from '../../src/model/run-facts.ts'
import { DAY, MINUTE, timestamp } from '../../src/model/units.ts'
import { openStore } from '../../src/store/store.ts'
import { type Span, spansOf } from '../../src/telemetry/run-spans.ts'
import { notingDue } from '../../src/telemetry/due.ts'
import { traceOutbox } from '../../src/telemetry/outbox.ts'
import { memory } from '../ledger/memory.ts'
import { aReport, aTaskReport } from '../model/a-run.ts'
import { NOW } from '../model/a-table.ts'

const { signal } = new AbortController()
const later = timestamp(NOW + MINUTE)
const runOf = (...facts: readonly Fact[]): RunFact => {
  const known = memory()
  known.take(facts)
  return known.one('run')
}

describe('a run as spans', () => {
  const run = runOf(
    aReport({ state: 'failure', error: 'disk full', endedAt: NOW }),
    aTaskReport({ error: 'disk full', state: 'failure' }),
    aTaskReport({ task: 'waits', state: 'running', endedAt: null }),
  )

  test('has its own times, its finished tasks as children, and words for how it ended', () => {
    const [root, task, ...others] = spansOf(run, 1, [{ run: 'flows/upstream/r0', attempt: 1 }])

    expect(others).toEqual([])
    expect(root).toMatchObject({
      name: 'RUN daily_orders',
      kind: 'server',
      start: NOW - 10 * MINUTE,
      end: NOW,
      error: 'disk full',
      attributes: {
        'cicd.pipeline.result': 'failure',
        'error.type': 'failure',
        'cicd.pipeline.run.id': 'r1',
      },
    })
    expect(task).toMatchObject({
      parentSpanId: root!.spanId,
      traceId: root!.traceId,
      name: 'load',
      kind: 'internal',
    })
    expect(root!.links).toHaveLength(1)
    expect(root!.traceId).toMatch(/^[0-9a-f]{32}$/)
    expect(root!.spanId).toMatch(/^[0-9a-f]{16}$/)
  })

  test('has the same ids whenever it is made, others for another attempt', () => {
    const ids = (attempt: number) => spansOf({ ...run, attempt }, attempt, []).map((span) => span.spanId)

    expect(ids(1)).toEqual(ids(1))
    expect(ids(1).some((id) => ids(2).includes(id))).toBe(false)
  })

  test('is none while it goes on', () => {
    expect(spansOf(runOf(aReport({ state: 'running' })), 1, [])).toEqual([])
  })
})

async function world(send: (spans: readonly Span[], stop: AbortSignal) => Promise<void>) {
  const refused: string[] = []
  const store = await openStore({
    directory: ':memory:',
    now: NOW,
    log: createLog('silent'),
    retention: { samples: DAY, commits: DAY, runs: DAY },
  })
  const noting = notingDue(store, { traces: true, alerts: true }, () => undefined)
  const traces = traceOutbox(
    store,
    send,
    () => [],
    (kind) => refused.push(kind),
  )
  return {
    store,
    traces,
    refused,
    take: (...facts: readonly Fact[]) => noting.record(settle(facts, noting), NOW),
  }
}

describe('what is due', () => {
  test('is sent once, however often the run is read again', async () => {
    const sent: string[] = []
    const { store, traces, take } = await world(
      async (spans) => void sent.push(...spans.map((span) => span.name)),
    )
    take(aReport({ endedAt: NOW }))
    take(aReport({ endedAt: NOW, asOf: later }))

    expect(await traces.flush(NOW, signal)).toEqual({ sent: 0, error: null })
    await traces.flush(later, signal)
    await traces.flush(later, signal)
    take(aReport({ endedAt: NOW, asOf: later }))
    await traces.flush(timestamp(later + MINUTE), signal)

    expect(sent).toEqual(['RUN daily_orders'])
    await store[Symbol.asyncDispose]()
  })

  test('stays while the collector does not take it, and is asked for less and less often', async () => {
    let down = true
    const attempts: number[] = []
    const { store, traces, take } = await world(async (spans) => {
      attempts.push(spans.length)
      if (down) throw new Error('connection refused')
    })
    take(aReport({ endedAt: NOW }))

    expect(await traces.flush(later, signal)).toEqual({ sent: 0, error: 'connection refused' })
    expect(await traces.flush(timestamp(later + 1_000), signal)).toEqual({ sent: 0, error: null })
    down = false
    expect(await traces.flush(timestamp(later + MINUTE), signal)).toEqual({ sent: 1, error: null })
    expect(attempts).toEqual([1, 1])
    expect(store.facts('trace-due')).toEqual([])
    await store[Symbol.asyncDispose]()
  })

  test('what the collector refuses for good takes nothing else along, and is not told again', async () => {
    const told: string[] = []
    const { store, traces, refused, take } = await world(async (spans) => {
      if (spans.some(({ name }) => name === 'RUN p3'))
        throw new SourceError('unsupported', 'the collector did not take it', { subject: 'otlp' })
      told.push(...spans.map(({ name }) => name))
    })
    for (let i = 0; i < 5; i++)
      take(aReport({ id: `flows/p${i}/r`, pipeline: `p${i}`, runId: 'r', endedAt: NOW }))

    expect(await traces.flush(later, signal)).toEqual({ sent: 4, error: null })
    expect([told.toSorted(), refused]).toEqual([['RUN p0', 'RUN p1', 'RUN p2', 'RUN p4'], ['trace-due']])
    expect(store.facts('trace-due')).toEqual([])
    await store[Symbol.asyncDispose]()
  })

  test('no further request is begun once it has to end', async () => {
    const ending = new AbortController()
    let requests = 0
    const { store, traces, take } = await world(async () => {
      requests += 1
      ending.abort()
    })
    for (let i = 0; i < 101; i++) take(aReport({ id: `flows/p/r${i}`, runId: `r${i}`, endedAt: NOW }))
    await traces.flush(later, ending.signal)

    expect([requests, store.facts('trace-due').length]).toEqual([1, 1])
    await store[Symbol.asyncDispose]()
  })

  test('a run that runs again is two traces', async () => {
    const roots = new Set<string>()
    const { store, traces, take } = await world(async (spans) =>
      spans.forEach((span) => roots.add(span.traceId)),
    )
    take(aReport({ state: 'failure', endedAt: NOW }))
    take(aReport({ startedAt: later, endedAt: timestamp(later + MINUTE), asOf: timestamp(later + MINUTE) }))
    await traces.flush(timestamp(later + 5 * MINUTE), signal)

    expect(roots.size).toBe(2)
    await store[Symbol.asyncDispose]()
  })
})
