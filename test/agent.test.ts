// The daemon end to end, on a clock that the test drives: a lake on disk in, the HTTP answers out.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runAgent } from '../src/agent/agent.ts'
import { parseConfig } from '../src/config/config.ts'
import { createLog } from '../src/io/log.ts'
import { MINUTE, millis, plus } from '../src/model/units.ts'
import { commit } from './collectors/lake/small-lake.ts'
import { fakeClock } from './io/fake-clock.ts'
import { NOW } from './model/a-table.ts'

let folder: string
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-agent-'))
})
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }))

const LAKE = 'sources: [{ name: lake, type: lake, path: lake }]'

async function daemon(sources = LAKE, start = NOW) {
  const clock = fakeClock(start)
  const ending = new AbortController()
  const text = `log: silent\nresolution: 1m\napi: { listen: "127.0.0.1:0" }\n${sources}\n`
  const loaded = parseConfig(path.join(folder, 'tidemark.yaml'), text, {
    env: () => undefined,
    file: () => '',
  })
  const listening = Promise.withResolvers<string>()
  const ended = runAgent({
    loaded,
    version: '0.0.0',
    clock,
    log: createLog('silent'),
    signal: ending.signal,
    reload: async () => undefined,
    onListening: listening.resolve,
  })
  ended.catch(listening.reject)
  const url = await listening.promise
  // Every source was asked once before a test goes on.
  await expect.poll(async () => (await fetch(`${url}/-/ready`)).status).toBe(200)
  return {
    clock,
    get: async (route: string) => fetch(`${url}${route}`),
    post: async (route: string, body: object) =>
      fetch(`${url}${route}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    /** What a metric shows in the end: minutes pass until it does. */
    async shows(name: string, lines: readonly string[]): Promise<void> {
      await expect
        .poll(
          async () => {
            await clock.advance(MINUTE)
            const text = await (await fetch(`${url}/metrics`)).text()
            return text
              .split('\n')
              .filter((line) => line.startsWith(`${name}{`))
              .toSorted()
          },
          { timeout: 15_000 },
        )
        .toEqual(lines.toSorted())
    },
    async [Symbol.asyncDispose]() {
      ending.abort()
      await ended
    },
  }
}

const lastChange = (table: string, at: number): string =>
  `tidemark_table_last_change_timestamp_seconds{source="lake",table="${table}"} ${at / 1000}`

test('a commit is seen by the next poll, and survives a restart', async () => {
  const table = path.join(folder, 'lake/gold/orders')
  commit(table, 0, NOW, 10)
  {
    await using tidemark = await daemon()
    await tidemark.shows('tidemark_table_last_change_timestamp_seconds', [lastChange('gold/orders', NOW)])

    const later = plus(NOW, MINUTE)
    commit(table, 1, later, 5)
    await tidemark.shows('tidemark_table_last_change_timestamp_seconds', [lastChange('gold/orders', later)])
    await tidemark.shows('tidemark_table_rows', ['tidemark_table_rows{source="lake",table="gold/orders"} 15'])
  }

  await using again = await daemon(LAKE, plus(NOW, millis(5 * MINUTE)))

  await again.shows('tidemark_table_commits_total', [
    'tidemark_table_commits_total{source="lake",table="gold/orders"} 2',
  ])
  const { commits } = (await (await again.get('/api/tidemark/commits')).json()) as {
    commits: Array<{ version: string }>
  }
  expect(commits.map(({ version }) => version)).toEqual(['1', '0'])
})

test('a table that cannot be read is unknown, not stale; the others go on; then it is well again', async () => {
  commit(path.join(folder, 'lake/good'), 0, NOW, 1)
  const bad = path.join(folder, 'lake/bad')
  commit(bad, 0, NOW, 1)
  await using tidemark = await daemon()
  const log = path.join(bad, '_delta_log', `${'1'.padStart(20, '0')}.json`)

  fs.writeFileSync(log, '{"add": {not json\n')
  await tidemark.shows('tidemark_table_up', [
    'tidemark_table_up{source="lake",table="bad"} 0',
    'tidemark_table_up{source="lake",table="good"} 1',
  ])
  await tidemark.shows('tidemark_table_last_change_timestamp_seconds', [lastChange('good', NOW)])
  const { sources } = (await (await tidemark.get('/api/tidemark/sources')).json()) as {
    sources: Array<{ up: boolean; problems: unknown[] }>
  }
  expect(sources).toMatchObject([
    {
      up: true,
      problems: [
        { subject: 'bad', reason: 'corrupt', message: expect.stringContaining('00000000000000000001.json') },
      ],
    },
  ])

  fs.rmSync(log)
  await tidemark.shows('tidemark_table_last_change_timestamp_seconds', [
    lastChange('bad', NOW),
    lastChange('good', NOW),
  ])
})

test('a table that is gone leaves the metrics and is told as vanished', async () => {
  commit(path.join(folder, 'lake/stays'), 0, NOW, 1)
  commit(path.join(folder, 'lake/goes'), 0, NOW, 1)
  await using tidemark = await daemon()

  fs.rmSync(path.join(folder, 'lake/goes'), { recursive: true })
  await tidemark.shows('tidemark_table_up', ['tidemark_table_up{source="lake",table="stays"} 1'])
  const { tables } = (await (await tidemark.get('/api/tidemark/tables')).json()) as {
    tables: Array<{ table: string; vanished: number | null }>
  }
  expect(tables.map(({ table, vanished }) => [table, vanished !== null])).toEqual([
    ['goes', true],
    ['stays', false],
  ])
})

test('a source that is down is one problem of that source; the other is watched as before', async () => {
  commit(path.join(folder, 'lake/good'), 0, NOW, 1)
  await using tidemark = await daemon(
    'sources:\n  - { name: lake, type: lake, path: lake }\n  - { name: gone, type: lake, path: nowhere }',
  )

  await tidemark.shows('tidemark_collector_up', [
    'tidemark_collector_up{source="gone"} 0',
    'tidemark_collector_up{source="lake"} 1',
  ])
  await tidemark.shows('tidemark_table_up', ['tidemark_table_up{source="lake",table="good"} 1'])
})

test('advice is made after the first polls, decided upon, and survives a restart', async () => {
  const table = path.join(folder, 'lake/gold/orders')
  for (let version = 0; version < 150; version++) commit(table, version, plus(NOW, millis(version)), 1)
  interface Answer {
    readonly advice: ReadonlyArray<{
      readonly id: string
      readonly state: string
      readonly advice: { readonly topic: string; readonly etag: string }
    }>
  }
  const list = async (daemonUrl: { get: (route: string) => Promise<Response> }, state = 'open') =>
    ((await (await daemonUrl.get(`/api/tidemark/advice?state=${state}`)).json()) as Answer).advice
  let id: string
  {
    await using tidemark = await daemon()
    await expect.poll(async () => (await list(tidemark)).length).toBeGreaterThan(0)
    const [first] = await list(tidemark)
    id = first!.id
    expect(first).toMatchObject({ state: 'active' })
    const refused = await tidemark.post(`/api/tidemark/advice/${id}/dismiss`, {
      by: 'ann',
      etag: 'old',
      reason: 'x',
    })
    expect(refused.status).toBe(412)
    expect((await tidemark.post(`/api/tidemark/advice/${id}/dismiss`, { by: 'ann' })).status).toBe(400)
    const dismissed = await tidemark.post(`/api/tidemark/advice/${id}/dismiss`, {
      by: 'ann',
      reason: 'the table goes next month',
    })
    expect(await dismissed.json()).toMatchObject({ state: 'dismissed' })
    expect((await tidemark.post('/api/tidemark/advice/none/accept', { by: 'ann' })).status).toBe(404)
  }

  await using again = await daemon(LAKE, plus(NOW, millis(5 * MINUTE)))

  await expect.poll(async () => (await list(again, 'dismissed')).map((one) => one.id)).toEqual([id])
})
