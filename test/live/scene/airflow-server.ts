// A small Airflow 3.1: two DAGs whose runs follow from the time alone, so that any moment can be asked about.
import type { Timestamp } from '../../../src/model/units.ts'
import { HOUR, MINUTE, SECOND } from '../../../src/model/units.ts'
import { type Answer, serve } from './http-server.ts'

interface Dag {
  readonly name: string
  readonly schedule: string
  readonly every: number
  readonly tasks: readonly Task[]
  /** Runs that fail in their last task. */
  readonly fails: (run: number) => boolean
}

interface Task {
  readonly name: string
  readonly length: number
  readonly attempts: (run: number) => number
}

const once = (): number => 1

const DAGS: readonly Dag[] = [
  {
    name: 'orders_refresh',
    schedule: '*/10 * * * *',
    every: 10 * MINUTE,
    fails: (run) => run % 12 === 5,
    tasks: [
      { name: 'extract', length: 40 * SECOND, attempts: once },
      { name: 'transform', length: 90 * SECOND, attempts: (run) => (run % 3 === 1 ? 3 : 1) },
      { name: 'load', length: 30 * SECOND, attempts: once },
    ],
  },
  {
    name: 'finance_reports',
    schedule: '*/30 * * * *',
    every: 30 * MINUTE,
    fails: () => false,
    tasks: [
      { name: 'build', length: 4 * MINUTE, attempts: once },
      { name: 'mail', length: 20 * SECOND, attempts: (run) => (run % 2 === 1 ? 2 : 1) },
    ],
  },
]

export interface AirflowWorld {
  /** When the first runs were due. */
  readonly from: Timestamp
  readonly now: () => Timestamp
  /** Whether it refuses everybody. */
  readonly refuses: (now: Timestamp) => boolean
}

export const serveAirflow = (world: AirflowWorld): ReturnType<typeof serve> =>
  serve((request) => {
    const now = world.now()
    const answer = (status: number, value: unknown): Answer => ({
      status,
      headers: { 'content-type': 'application/json', date: new Date(now).toUTCString() },
      body: JSON.stringify(value),
    })
    if (world.refuses(now)) return answer(403, { detail: 'Forbidden' })
    const url = new URL(request.url ?? '/', 'http://airflow')
    const since = Date.parse(url.searchParams.get('updated_at_gte') ?? '') || 0
    const recent = (rows: readonly Row[]) => {
      const found = rows.filter((row) => Date.parse(String(row['updated_at'])) >= since)
      return found.slice(Number(url.searchParams.get('offset') ?? 0)).slice(0, 100)
    }
    const list = (name: string, rows: readonly Row[]) =>
      answer(200, { [name]: recent(rows), total_entries: recent(rows).length })
    if (url.pathname === '/auth/token') return answer(201, { access_token: 'a.e30.c' })
    if (url.pathname.endsWith('/version')) return answer(200, { version: '3.1.0' })
    if (url.pathname.endsWith('/taskInstances'))
      return list(
        'task_instances',
        runsAt(world.from, now).flatMap(({ tasks }) => tasks),
      )
    if (url.pathname.endsWith('/dagRuns'))
      return list(
        'dag_runs',
        runsAt(world.from, now).map(({ run }) => run),
      )
    if (url.pathname.endsWith('/dags')) {
      const dags = DAGS.map(({ name, schedule, every }) => ({
        dag_id: name,
        is_paused: false,
        timetable_summary: schedule,
        owners: ['data-platform'],
        next_dagrun_run_after: new Date(now - ((now - world.from) % every) + every).toISOString(),
      }))
      return answer(200, { dags, total_entries: dags.length })
    }
    if (url.pathname.endsWith('/importErrors')) return answer(200, { import_errors: [], total_entries: 0 })
    const one = /\/dagRuns\/([^/]+)$/.exec(url.pathname)
    const found = runsAt(world.from, now).find(
      ({ run }) => run['dag_run_id'] === decodeURIComponent(one?.[1] ?? ''),
    )
    if (one !== null) return found === undefined ? answer(404, {}) : answer(200, found.run)
    return answer(200, { scheduler: { status: 'healthy' }, content: [] })
  })

type Row = Readonly<Record<string, unknown>>

const iso = (at: number): string => new Date(at).toISOString()

/** The runs of the last day as they are at `now`. */
function runsAt(from: number, now: number): Array<{ run: Row; tasks: Row[] }> {
  return DAGS.flatMap((dag) => {
    const newest = Math.floor((now - from) / dag.every)
    const oldest = Math.max(0, newest - Math.floor((24 * HOUR) / dag.every))
    return Array.from({ length: Math.max(0, newest - oldest + 1) }, (_, i) =>
      runAt(dag, oldest + i, from, now),
    )
  })
}

function runAt(dag: Dag, number: number, from: number, now: number): { run: Row; tasks: Row[] } {
  const due = from + number * dag.every
  const id = `scheduled__${iso(due)}`
  const start = due + (5 + ((number * 37) % 90)) * SECOND
  let at = start
  const tasks = dag.tasks.map((task, i) => {
    const attempts = task.attempts(number)
    const queued = at
    at += 4 * SECOND + attempts * task.length * (1 + ((number * 13) % 7) / 20)
    const failed = dag.fails(number) && i === dag.tasks.length - 1
    return {
      row: {
        dag_id: dag.name,
        dag_run_id: id,
        task_id: task.name,
        map_index: -1,
        try_number: attempts,
        operator_name: 'PythonOperator',
        queued_when: iso(queued),
        start_date: iso(queued + 4 * SECOND),
        end_date: at <= now ? iso(at) : null,
        state: at > now ? 'running' : failed ? 'failed' : 'success',
        updated_at: iso(at <= now ? at : queued),
      },
      queued,
    }
  })
  const over = at <= now
  const run = {
    dag_id: dag.name,
    dag_run_id: id,
    run_type: 'scheduled',
    run_after: iso(due),
    queued_at: iso(due),
    start_date: start <= now ? iso(start) : null,
    end_date: over ? iso(at) : null,
    state: over ? (dag.fails(number) ? 'failed' : 'success') : start <= now ? 'running' : 'queued',
    updated_at: iso(over ? at : Math.min(start, now)),
  }
  return { run, tasks: tasks.filter(({ queued }) => queued <= now).map(({ row }) => row) }
}
