import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { lastError } from '../../../src/collectors/airflow/airflow-errors.ts'
import { airflow } from '../../../src/collectors/airflow/airflow.ts'
import type { Json } from '../../../src/formats/json.ts'
import type { HttpAnswer, HttpClient, HttpRequest } from '../../../src/io/http.ts'
import type { CursorFact, Fact } from '../../../src/model/facts.ts'
import { DAY, HOUR, MINUTE, timestamp } from '../../../src/model/units.ts'
import { memory } from '../../ledger/memory.ts'
import { printLedger } from '../../ledger/print.ts'
import { NOW } from '../../model/a-table.ts'
import { connect, poll, testIo } from '../connect.ts'
import { answered, replay } from '../recorded-http.ts'

const URL_OF = 'http://airflow.test'
const iso = (minutes: number) => new Date(NOW + minutes * MINUTE).toISOString()
const cursorOf = (facts: readonly Fact[]) =>
  facts.find((fact): fact is CursorFact => fact.kind === 'cursor')!.value

/** No waiting in tests: a wait ends at once. */
const io = (http: HttpClient) => {
  const real = testIo()
  return {
    ...real,
    http,
    random: () => 0.5,
    clock: { ...real.clock, now: () => NOW, sleep: async () => undefined },
  }
}

test('what a real Airflow 3.3 answers', async () => {
  const http = replay(path.join(import.meta.dirname, 'airflow-3.3.json'))
  const source = connect(airflow, { url: URL_OF, auth: { username: 'u', password: 'p' } }, io(http))
  const known = memory()
  known.take(await poll(source, { now: timestamp(Date.parse('2026-11-22T16:58:00Z')) }))

  await expect(printLedger(known)).toMatchFileSnapshot('golden/airflow-3.3.txt')
})

type Rows = ReadonlyArray<Record<string, unknown>>
interface World {
  runs: Rows
  tasks?: Rows
  dags?: Rows
  version?: string
  date?: string
  /** Answers before all else. */
  first?: (request: HttpRequest, url: URL) => HttpAnswer | undefined
}

/** A small Airflow: lists filtered by nothing, in offset pages. */
function server(world: World): { http: HttpClient; asked: string[] } {
  const asked: string[] = []
  const http: HttpClient = async (request) => {
    const url = new URL(String(request.url))
    asked.push(`${request.method} ${url.pathname}`)
    const special = world.first?.(request, url)
    if (special !== undefined) return special
    const headers = { 'content-type': 'application/json', date: world.date ?? new Date(NOW).toUTCString() }
    const offset = Number(url.searchParams.get('offset') ?? 0)
    const list = (field: string, rows: Rows) =>
      answered(200, headers, {
        [field]: rows.slice(offset, offset + 100),
        total_entries: rows.length,
        next_cursor: null,
      })
    const one = /\/dags\/([^/~]+)\/dagRuns\/([^/]+)$/.exec(url.pathname)
    if (one) {
      const run = world.runs.find((row) => row['dag_run_id'] === decodeURIComponent(one[2]!))
      return run ? answered(200, headers, run) : answered(404, headers, {})
    }
    const v1 = (world.version ?? '3.1.0').startsWith('2')
    if (url.pathname.startsWith('/api/v2') && v1) return answered(404, headers, {})
    if (url.pathname.endsWith('/version'))
      return answered(200, headers, { version: world.version ?? '3.1.0' })
    if (url.pathname === '/auth/token') return answered(v1 ? 404 : 201, headers, { access_token: 'a.e30.c' })
    if (url.pathname.endsWith('/taskInstances')) return list('task_instances', world.tasks ?? [])
    if (url.pathname.endsWith('/dagRuns')) return list('dag_runs', world.runs)
    if (url.pathname.endsWith('/dags')) return list('dags', world.dags ?? [])
    if (url.pathname.endsWith('/importErrors')) return list('import_errors', [])
    return answered(200, headers, { scheduler: { status: 'healthy' } })
  }
  return { http, asked }
}

const run = (change: Record<string, unknown> = {}) => ({
  dag_id: 'daily',
  dag_run_id: 'r1',
  state: 'success',
  run_type: 'scheduled',
  start_date: iso(0),
  end_date: iso(5),
  ...change,
})
const auth = { username: 'u', password: 'p' }

describe('from poll to poll', () => {
  test('a run that is cleared is a new attempt; one that is deleted while open is lost', async () => {
    const world: World = {
      runs: [run({ state: 'failed' }), run({ dag_run_id: 'r2', state: 'running', end_date: null })],
    }
    const source = connect(airflow, { url: URL_OF, auth }, io(server(world).http))
    const known = memory()
    const first = await poll(source)
    known.take(first)
    world.runs = [run({ state: 'queued', start_date: null, end_date: null })]
    known.take(await poll(source, { now: timestamp(NOW + MINUTE), cursor: cursorOf(first) }))

    expect(known.one('run', 'flows/daily/r1')).toMatchObject({ state: 'pending', attempt: 2 })
    expect(known.one('run', 'flows/daily/r2')).toMatchObject({ state: 'unknown', sourceState: 'lost' })
    expect(known.one('run-tally').runs).toEqual({ failure: 1 })
  })

  test('asks from where it was, with an overlap, by the clock of the server', async () => {
    const questions: string[] = []
    const date = new Date(NOW - HOUR).toUTCString()
    const world: World = {
      runs: [],
      date,
      first: (_, url) => {
        const since = url.searchParams.get('updated_at_gte')
        if (since !== null && url.pathname.endsWith('dagRuns')) questions.push(since)
        return undefined
      },
    }
    const source = connect(airflow, { url: URL_OF, auth }, io(server(world).http))
    const first = await poll(source)
    await poll(source, { cursor: cursorOf(first) })

    expect(questions).toEqual([
      new Date(NOW - DAY - 2 * MINUTE).toISOString(),
      new Date(NOW - HOUR - 2 * MINUTE).toISOString(),
    ])
    expect(first.filter((fact) => fact.kind === 'problem')).toMatchObject([{ subject: 'clock' }])
  })

  test('reads all pages of a set that moves while it is read, each row once', async () => {
    const runs = Array.from({ length: 250 }, (_, i) => run({ dag_run_id: `r${i}` }))
    const world: World = { runs }
    let pages = 0
    world.first = (_, url) => {
      // A row that was read is updated and moves to the end.
      if (url.pathname.endsWith('dagRuns') && (pages += 1) === 2) world.runs = [...runs.slice(1), runs[0]!]
      return undefined
    }
    const source = connect(airflow, { url: URL_OF, auth }, io(server(world).http))
    const reports = (await poll(source)).filter((fact) => fact.kind === 'run-report')

    expect(new Set(reports.map((report) => report.runId)).size).toBe(250)
  })

  test('a DAG that is no longer listed has vanished', async () => {
    const world: World = {
      runs: [],
      dags: [{ dag_id: 'daily', is_paused: false, tags: [], owners: ['ana'] }],
    }
    const source = connect(airflow, { url: URL_OF, auth }, io(server(world).http))
    const known = memory()
    known.take(await poll(source))
    world.dags = [{ dag_id: 'daily', is_stale: true }]
    known.take(await poll(source, { now: timestamp(NOW + 10 * MINUTE) }))

    expect(known.one('pipeline')).toMatchObject({ owners: ['ana'], vanished: NOW + 10 * MINUTE })
  })
})

test('Airflow 2 is found by itself and asked with a password', async () => {
  const headers: string[] = []
  const world: World = {
    version: '2.11.0',
    runs: [
      run({ data_interval_end: iso(-1), dag_versions: [{ version_number: 7, bundle_version: 'f00d' }] }),
    ],
    dags: [
      {
        dag_id: 'daily',
        schedule_interval: { value: '0 7 * * *' },
        is_active: true,
        next_dagrun_create_after: iso(60),
      },
    ],
    first: (request) => void headers.push(request.headers?.['authorization'] ?? ''),
  }
  const known = memory()
  known.take(await poll(connect(airflow, { url: `${URL_OF}/`, auth }, io(server(world).http))))

  expect(known.one('pipeline')).toMatchObject({ schedule: '0 7 * * *', nextRun: NOW + HOUR })
  expect(known.one('run')).toMatchObject({
    state: 'success',
    trigger: 'schedule',
    scheduledFor: NOW - MINUTE,
    labels: { dag_version: '7', bundle_version: 'f00d' },
  })
  expect(headers.at(-1)).toBe(`Basic ${Buffer.from('u:p').toString('base64')}`)
})

describe('why a task failed', () => {
  test('is the last exception of its log, asked for once an attempt', async () => {
    const detail = [{ exc_type: 'AirflowException', exc_value: 'disk full', frames: [] }]
    const task = {
      dag_id: 'daily',
      dag_run_id: 'r1',
      task_id: 'load',
      map_index: -1,
      try_number: 1,
      state: 'failed',
    }
    const world: World = {
      runs: [run({ state: 'failed' })],
      tasks: [task],
      first: (_, url) =>
        url.pathname.includes('/logs/')
          ? answered(
              200,
              {},
              { content: [{ event: 'Task failed', error_detail: detail }, { event: 'done' }] },
            )
          : undefined,
    }
    const { http, asked } = server(world)
    const source = connect(airflow, { url: URL_OF, auth }, io(http))
    const known = memory()
    known.take(await poll(source))
    known.take(await poll(source))

    expect(known.one('run').tasks).toMatchObject([{ name: 'load', error: 'AirflowException: disk full' }])
    expect(asked.filter((one) => one.endsWith('/taskInstances/load/logs/1'))).toHaveLength(1)
  })

  test.each([
    [
      'text of 2.x',
      { content: "[('host', 'Traceback\\nairflow.exceptions.AirflowException: no\\nmore')]" },
      'airflow.exceptions.AirflowException: no',
    ],
    [
      'events without detail',
      { content: [{ event: 'ValueError: bad row' }, { event: 'x' }] },
      'ValueError: bad row',
    ],
    ['no error at all', { content: [{ event: 'hello' }] }, null],
    ['something else', [1, null], null],
  ])('%s', (_, log, error) => {
    expect(lastError(log as Json)).toBe(error)
  })

  test('stays unknown where the log may not be read; nothing else suffers', async () => {
    const task = (task_id: string) => ({
      dag_id: 'daily',
      dag_run_id: 'r1',
      task_id,
      try_number: 1,
      state: 'failed',
    })
    const { http, asked } = server({
      runs: [run()],
      tasks: [task('a'), task('b')],
      first: (_, url) => (url.pathname.includes('/logs/') ? answered(403, {}, {}) : undefined),
    })
    const known = memory()
    known.take(await poll(connect(airflow, { url: URL_OF, auth }, io(http))))

    expect(known.one('run').tasks.map((one) => one.error)).toEqual([null, null])
    expect(asked.filter((one) => one.includes('/logs/'))).toHaveLength(1)
  })
})

describe('bad days', () => {
  const failing = (first: World['first'], runs: Rows = []) =>
    poll(connect(airflow, { url: URL_OF, auth }, io(server({ runs, ...(first && { first }) }).http)))
  const always = (status: number, body: unknown = {}, headers: Record<string, string> = {}) =>
    failing((_, url) => (url.pathname.endsWith('dagRuns') ? answered(status, headers, body) : undefined))

  test.each([
    [401, 'denied', /check the credentials/],
    [403, 'denied', /may not read/],
    [404, 'missing', /check the URL/],
    [429, 'throttled', /429/],
    [500, 'unreachable', /500/],
    [302, 'unsupported', /redirects/],
  ])('status %i is %s', async (status, reason, message) => {
    await expect(always(status)).rejects.toMatchObject({ reason, message: expect.stringMatching(message) })
  })

  test('a login page instead of JSON is said to be one', async () => {
    await expect(always(200, '<html>Sign in', { 'content-type': 'text/html' })).rejects.toMatchObject({
      reason: 'corrupt',
      message: expect.stringContaining('expected JSON, found text/html'),
    })
  })

  test('what comes back after a while is taken', async () => {
    let refusals = 2
    const facts = await failing(
      (_, url) => (url.pathname.endsWith('dagRuns') && refusals-- > 0 ? answered(503, {}, {}) : undefined),
      [run()],
    )

    expect(facts.some((fact) => fact.kind === 'run-report')).toBe(true)
  })

  test('a token that is refused is renewed once', async () => {
    const world = { runs: [run()], refused: false }
    const { http, asked } = server({
      ...world,
      first: (_, url) => {
        if (!url.pathname.endsWith('dagRuns') || world.refused) return undefined
        world.refused = true
        return answered(401, {}, {})
      },
    })
    await poll(connect(airflow, { url: URL_OF, auth }, io(http)))

    expect(asked.filter((one) => one === 'POST /auth/token')).toHaveLength(2)
  })

  test('a page that repeats ends the poll with a problem', async () => {
    const page = {
      dag_runs: Array.from({ length: 100 }, (_, i) => run({ dag_run_id: `r${i}` })),
      total_entries: 900,
    }

    await expect(always(200, page)).rejects.toMatchObject({
      reason: 'corrupt',
      message: expect.stringContaining('repeats'),
    })
  })

  test('rows that are no rows are left out', async () => {
    const facts = await failing(undefined, [run(), null as never, 7 as never, { dag_id: 3 }])

    expect(facts.filter((fact) => fact.kind === 'run-report')).toHaveLength(1)
  })

  test('what the user may not see keeps nobody from reading runs', async () => {
    const facts = await failing(
      (_, url) => (url.pathname.endsWith('importErrors') ? answered(403, {}, {}) : undefined),
      [run()],
    )

    expect(facts.filter((fact) => fact.kind === 'problem')).toMatchObject([{ reason: 'denied' }])
    expect(facts.some((fact) => fact.kind === 'run-report')).toBe(true)
  })

  test('a server that hangs ends with the poll', async () => {
    const ending = new AbortController()
    const http: HttpClient = ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
        ending.abort(new Error('too long'))
      })
    const source = connect(airflow, { url: URL_OF, auth }, io(http))
    if (source.mode !== 'poll') throw new Error('expected a polled source')

    await expect(
      Array.fromAsync(source.poll({ now: NOW, cursor: undefined, signal: ending.signal })),
    ).rejects.toThrow('too long')
  })
})
