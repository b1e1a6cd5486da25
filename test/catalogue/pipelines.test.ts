import { describe, expect, test } from 'vitest'
import { checkSamples } from '../../src/catalogue/checks.ts'
import { pipelineSamples } from '../../src/catalogue/pipelines.ts'
import type { Fact, PollFact } from '../../src/model/facts.ts'
import type { Labels, Sample } from '../../src/model/series.ts'
import { DAY, MINUTE, bytes, millis, timestamp } from '../../src/model/units.ts'
import { memory } from '../ledger/memory.ts'
import { aCheckReport, aReport, aTaskReport } from '../model/a-run.ts'
import { NOW, aTable } from '../model/a-table.ts'

const at = (minutes: number) => timestamp(NOW + minutes * MINUTE)
const text = (samples: readonly Sample[]): string =>
  samples
    .map(({ name, labels, value }) => {
      const printed = Object.entries(labels as Labels).map(([l, v]) => `${l}="${v}"`)
      return `${name}{${printed.join(',')}} ${value}\n`
    })
    .join('')
const poll = (change: Partial<PollFact> = {}): PollFact => ({
  kind: 'poll',
  id: 'flows',
  type: 'airflow',
  up: true,
  at: NOW,
  duration: millis(10),
  lastSuccess: NOW,
  error: null,
  requests: 1,
  bytesRead: bytes(1),
  polls: 1,
  failures: 0,
  ...change,
})
const samplesOf = (facts: readonly Fact[], now = NOW) => {
  const known = memory()
  known.take(facts)
  return pipelineSamples({ known, patience: () => millis(3 * MINUTE) }, now)
}

test('a pipeline as samples', async () => {
  const facts = [
    poll(),
    {
      kind: 'pipeline',
      id: 'flows/daily_orders',
      source: 'flows',
      pipeline: 'daily_orders',
      namespace: 'default',
      name: 'daily_orders',
      system: 'airflow',
      from: 'listing',
      schedule: '0 7 * * *',
      nextRun: at(60),
      paused: false,
      owners: ['ana', 'ben'],
      tags: [],
      endless: false,
      url: null,
      vanished: null,
    } as const,
    aReport({
      startedAt: at(-60),
      endedAt: at(-50),
      asOf: at(-50),
      scheduledFor: at(-61),
      processed: 1_000,
      failed: 2,
    }),
    aReport({ runId: 'r2', state: 'failure', startedAt: at(-30), endedAt: at(-29), asOf: at(-29) }),
    aReport({ runId: 'r3', state: 'running', startedAt: at(-20), asOf: at(-20) }),
    aReport({ runId: 'r4', state: 'unknown', sourceState: 'dreaming', startedAt: null, asOf: at(-1) }),
    aTaskReport({ attempt: 2, queuedAt: at(-6) }),
  ]

  await expect(text(samplesOf(facts))).toMatchFileSnapshot('golden/pipeline.prom')
})

describe('blind is not stale', () => {
  const names = (facts: readonly Fact[], now = NOW) =>
    samplesOf(facts, now).map(({ name, value }) => [name, value])
  const blind = [
    ['tidemark_pipeline_up', 0],
    ['tidemark_collector_unknown_states_total', 0],
  ]

  test('a pipeline whose source cannot be asked has up 0 and nothing else', () => {
    expect(names([poll({ up: false }), aReport()])).toEqual(blind)
  })

  test('so has one whose source nobody asked for too long', () => {
    expect(names([poll(), aReport()], at(4))).toEqual(blind)
  })
})

test('a pipeline known by its runs only ends forty days after the last; a vanished one at once', () => {
  const later = timestamp(NOW + 41 * DAY)

  expect(text(samplesOf([poll({ at: later }), aReport()], later))).not.toContain('tidemark_pipeline')
  expect(text(samplesOf([poll({ at: later }), aReport({ state: 'running' })], later))).toContain(
    'longest_active',
  )
})

test('a stream that runs for ever is no long run', () => {
  const endless = aReport({ state: 'running', of: { ...aReport().of, endless: true } })

  expect(text(samplesOf([poll(), endless]))).not.toContain('longest_active')
})

test('checks as samples, under the name that the lake has for the table', async () => {
  const known = memory()
  known.take([
    aTable({ id: 's3://lake/gold/orders', table: 'gold/orders' }),
    aCheckReport({ datasetId: 's3://lake/gold/orders', dataset: 'orders' }),
    aCheckReport({ datasetId: 's3://lake/gold/orders', dataset: 'orders', check: 'b', result: 'fail' }),
    aCheckReport({ datasetId: 's3://lake/gold/orders', dataset: 'orders', check: 'c', result: 'error' }),
    aCheckReport({ check: 'd', result: 'warn', severity: 'warn', type: 'unique' }),
  ])

  await expect(text(checkSamples(known))).toMatchFileSnapshot('golden/check.prom')
})
