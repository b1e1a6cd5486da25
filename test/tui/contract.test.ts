// Every screen over a real daemon: what its columns show is in the answers, and one of each kind is there to show.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { runAgent } from '../../src/agent/agent.ts'
import { createClient } from '../../src/api/client.ts'
import { parseConfig } from '../../src/config/config.ts'
import { systemClock } from '../../src/io/clock.ts'
import { createLog } from '../../src/io/log.ts'
import { HOUR, timestamp } from '../../src/model/units.ts'
import { once } from '../../src/tui/once.ts'
import { plainText } from '../../src/tui/line.ts'
import { SCREENS, screenOf } from '../../src/tui/screens.ts'
import { commit } from '../collectors/lake/small-lake.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-tui-'))
const ending = new AbortController()
let ended: Promise<void>
let url: string
let dataset: string

const CONFIG = `
log: silent
resolution: 1s
api: { listen: "127.0.0.1:0" }
sources:
  - { name: lake, type: lake, path: lake, every: 1h }
  - { name: jobs, type: push }
  - { name: lineage, type: openlineage }
expect: [ { table: "*", freshness: { warn: 1h, error: 2d } } ]
rules: [ rules.yaml ]
`
const RULES = `
groups:
  - name: own
    interval: 1s
    rules:
      - { alert: Always, expr: "vector(1)", labels: { severity: error, source: lake, table: gold/orders } }
`

const post = async (route: string, body: unknown): Promise<unknown> => {
  const response = await fetch(`${url}${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  expect(response.ok, `${route}: ${text}`).toBe(true)
  return text === '' ? null : JSON.parse(text)
}

beforeAll(async () => {
  const now = systemClock.now()
  commit(path.join(folder, 'lake/gold/orders'), 0, timestamp(now - 3 * HOUR), 10)
  fs.writeFileSync(path.join(folder, 'rules.yaml'), RULES)
  dataset = `file:${path.join(fs.realpathSync(folder), 'lake/gold/orders')}`
  const loaded = parseConfig(path.join(folder, 'tidemark.yaml'), CONFIG, {
    env: () => undefined,
    file: () => '',
  })
  const listening = Promise.withResolvers<string>()
  ended = runAgent({
    loaded,
    version: '0.0.0',
    clock: systemClock,
    log: createLog('info', { write: () => undefined }),
    signal: ending.signal,
    reload: async () => undefined,
    onListening: listening.resolve,
  })
  ended.catch(listening.reject)
  url = await listening.promise
  const at = (ms: number) => new Date(now - ms).toISOString()
  await post('/api/v1/runs', {
    pipeline: 'daily',
    run_id: 'r1',
    start: at(60_000),
    end: at(30_000),
    status: 'success',
    outputs: [dataset],
  })
  await post('/api/v1/lineage', {
    eventType: 'COMPLETE',
    eventTime: at(1_000),
    producer: 'https://example.com',
    schemaURL: 'https://openlineage.io/spec/2-0-2/OpenLineage.json',
    run: { runId: '0192f8a0-2222-7000-8000-000000000001' },
    job: { namespace: 'flows', name: 'checks' },
    inputs: [
      {
        namespace: 'file',
        name: dataset.slice('file:'.length),
        inputFacets: {
          dataQualityAssertions: {
            _producer: 'https://example.com',
            _schemaURL: 'https://example.com',
            assertions: [{ assertion: 'not_null', success: true, column: 'id' }],
          },
        },
      },
    ],
    outputs: [],
  })
  await post('/api/v2/silences', {
    matchers: [{ name: 'alertname', value: 'Other', isRegex: false, isEqual: true }],
    startsAt: at(0),
    endsAt: new Date(now + HOUR).toISOString(),
    createdBy: 'anna',
    comment: 'test',
  })
  await vi.waitFor(
    async () => {
      const [alerts, tables] = await Promise.all([ask('alerts', ''), ask('tables', '')])
      if (!alerts.text.includes('Always') || !tables.text.includes('late')) throw new Error('not yet')
    },
    { timeout: 15_000 },
  )
})
afterAll(async () => {
  ending.abort()
  await ended
  fs.rmSync(folder, { recursive: true, force: true })
})

const ask = (screen: string, subject: string) =>
  once({
    client: createClient(url),
    screen: screenOf(screen)!,
    subject,
    filter: '',
    now: systemClock.now(),
    width: 400,
    paint: plainText,
  })

/** Advice waits for its schedule: it is asked for, but there may be none. */
const MAY_BE_EMPTY = new Set(['advice'])

test.for(SCREENS.filter(({ tab }) => tab).map(({ name }) => name))('%s', async (name) => {
  const { text, rows } = await ask(name, '')

  expect(text).not.toBe('')
  if (!MAY_BE_EMPTY.has(name)) expect((rows as unknown[]).length).toBeGreaterThan(0)
})

test('what leads somewhere leads to something', async () => {
  const [{ fact: alert }] = (await ask('alerts', '')).rows as [{ fact: { fingerprint: string } }]
  const rule = (await ask('rules', '')).rows as [{ fact: { id: string } }]
  const subjects = {
    // Parts that come from different answers of the daemon.
    table: [
      dataset,
      'gold/orders',
      '● ok        daily',
      'On time, the last 30 d',
      'storage     unknown: only what lies in S3',
    ],
    changes: [dataset, 'Nothing stands out'],
    pipeline: ['jobs/daily', 'Runs, the newest 1', 'Writes, 1'],
    run: ['jobs/daily/r1', 'took 30.0 s'],
    upstream: [dataset, 'daily'],
    downstream: [dataset, 'checks'],
    explain: [alert.fingerprint, 'Always'],
    source: ['lake', 'Everything in it can be read'],
    rule: [rule[0].fact.id, 'vector(1)'],
    advised: ['none', 'no longer stands'],
  } as const
  expect(Object.keys(subjects).toSorted()).toEqual(
    SCREENS.filter(({ tab }) => !tab)
      .map(({ name }) => name)
      .toSorted(),
  )

  for (const [screen, [subject, ...shown]] of Object.entries(subjects)) {
    const { text } = await ask(screen, subject)
    for (const one of shown) expect(text, screen).toContain(one)
  }
  expect((await ask('changes', 'jobs/daily')).text).toContain('Nothing stands out')
})

test('the exit code is of the worst row', async () => {
  expect((await ask('tables', '')).state).toBe('warn')
  expect((await ask('alerts', '')).state).toBe('bad')
  expect((await ask('sources', '')).state).toBe('ok')
})
