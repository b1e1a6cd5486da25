// Airflow's REST API, both generations behind one door: /api/v2 of 3.x with its tokens, /api/v1 of 2.x.
import { type Json, type JsonObject, objectOf, stringOf } from '../../formats/json.ts'
import type { Io } from '../../io/io.ts'
import { type JsonApi, createJsonApi, isAbsent } from '../../io/json-api.ts'
import { SourceError, reasonOf } from '../../model/errors.ts'
import type { Timestamp } from '../../model/units.ts'
import { logPath } from './airflow-errors.ts'
import { readPages } from './airflow-pages.ts'
import { type Auth, createTokens } from './airflow-tokens.ts'

export type Row = JsonObject

export interface AirflowApi {
  /** Finds out which API there is; remembered. Also the server's clock. */
  detect(signal: AbortSignal): Promise<{ version: number; date: Timestamp | null }>
  dags(signal: AbortSignal): AsyncGenerator<Row>
  runs(updatedSince: Timestamp, signal: AbortSignal): AsyncGenerator<Row>
  /** Undefined when it is gone. */
  run(dag: string, run: string, signal: AbortSignal): Promise<Row | undefined>
  taskInstances(updatedSince: Timestamp, signal: AbortSignal): AsyncGenerator<Row>
  importErrors(signal: AbortSignal): AsyncGenerator<Row>
  /** The log of a task instance's newest attempt. */
  log(task: Row, signal: AbortSignal): Promise<Json>
  health(signal: AbortSignal): Promise<Json>
}

interface Detected {
  readonly major: number
  /** Pages by cursor, which no moving row can shift: runs since 3.2.2, task instances since 3.3.0. */
  readonly runCursor: boolean
  readonly taskCursor: boolean
}

export function createAirflowApi(world: {
  readonly url: string
  readonly auth: Auth
  readonly io: Io
}): AirflowApi {
  const tokens = createTokens(world)
  let detected: Detected | undefined
  const api: JsonApi = createJsonApi({
    ...world.io,
    url: world.url,
    authorize: (renew, signal) => tokens.headers(detected?.major ?? 3, renew, signal),
  })
  const base = () => (detected?.major === 2 ? '/api/v1' : '/api/v2')

  const pages = (
    path: string,
    field: string,
    query: Readonly<Record<string, string>>,
    byCursor: boolean,
    signal: AbortSignal,
  ) => readPages({ api, path: `${base()}${path}`, field, query, byCursor, signal })

  return {
    async detect(signal) {
      for (const major of [3, 2] as const) {
        try {
          const path = major === 3 ? '/api/v2/version' : '/api/v1/version'
          if (detected !== undefined && detected.major !== major) continue
          const { value, date } = await api.get(path, {}, signal)
          detected = { major, ...cursors(stringOf(objectOf(value as Json)['version']) ?? '') }
          return { version: major, date }
        } catch (error) {
          if (major === 2 || reasonOf(error) !== 'missing') throw error
        }
      }
      throw new SourceError('missing', `${world.url}: no Airflow API found below /api/v2 or /api/v1`, {
        subject: world.url,
      })
    },
    dags: (signal) => pages('/dags', 'dags', { order_by: 'dag_id' }, false, signal),
    runs: (since, signal) =>
      pages(
        '/dags/~/dagRuns',
        'dag_runs',
        { updated_at_gte: new Date(since).toISOString(), order_by: 'updated_at' },
        detected?.runCursor ?? false,
        signal,
      ),
    async run(dag, run, signal) {
      try {
        const path = `${base()}/dags/${encodeURIComponent(dag)}/dagRuns/${encodeURIComponent(run)}`
        return objectOf((await api.get(path, {}, signal)).value as Json)
      } catch (error) {
        if (reasonOf(error) === 'missing') return undefined
        throw error
      }
    },
    // Task instances cannot be ordered by `updated_at` (3.3), and by nothing in 2.9.
    taskInstances: (since, signal) =>
      pages(
        '/dags/~/dagRuns/~/taskInstances',
        'task_instances',
        { updated_at_gte: new Date(since).toISOString() },
        detected?.taskCursor ?? false,
        signal,
      ),
    importErrors: (signal) => pages('/importErrors', 'import_errors', {}, false, signal),
    async log(task, signal) {
      const { path, query } = logPath(task)
      return (await api.get(`${base()}${path}`, query, signal)).value as Json
    },
    async health(signal) {
      const paths = detected?.major === 2 ? ['/api/v1/health', '/health'] : ['/api/v2/monitor/health']
      for (const path of paths) {
        try {
          return (await api.get(path, {}, signal)).value as Json
        } catch (error) {
          if (path === paths.at(-1) || !isAbsent(error)) throw error
        }
      }
      return null
    },
  }
}

function cursors(version: string): Omit<Detected, 'major'> {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  const number = major * 1_000_000 + minor * 1_000 + patch
  return { runCursor: number >= 3_002_002, taskCursor: number >= 3_003_000 }
}
