// Prefect's REST API: events, flow runs, task runs, deployments; paged, bounded.
import { type Json, type JsonObject, arrayOf, objectOf, stringOf } from '../../formats/json.ts'
import type { Io } from '../../io/io.ts'
import { type JsonApi, createJsonApi, isAbsent } from '../../io/json-api.ts'
import { SourceError, reasonOf } from '../../model/errors.ts'
import { type Timestamp, timestamp } from '../../model/units.ts'

export type Row = JsonObject

/** More is refused by servers with their default settings. */
const PAGE = 200
const EVENTS_PAGE = 50
const PAGES = 500

export interface PrefectApi {
  /** The server's clock, where it says. */
  now(signal: AbortSignal): Promise<Timestamp | null>
  /** Ids of flow runs that something happened to, or to a task of theirs. */
  changedFlowRuns(since: Timestamp, signal: AbortSignal): AsyncGenerator<string>
  /** Runs that are not over and should have started. */
  openRuns(now: Timestamp, signal: AbortSignal): AsyncGenerator<Row>
  endedRuns(since: Timestamp, signal: AbortSignal): AsyncGenerator<Row>
  runsOf(ids: readonly string[], signal: AbortSignal): Promise<readonly Row[]>
  tasksOf(runs: readonly string[], signal: AbortSignal): AsyncGenerator<Row>
  flows(ids: readonly string[], signal: AbortSignal): Promise<readonly Row[]>
  deployments(signal: AbortSignal): AsyncGenerator<Row>
  /** Deployment → when it runs next. */
  nextRuns(now: Timestamp, signal: AbortSignal): Promise<Map<string, Timestamp>>
}

const OPEN = ['SCHEDULED', 'PENDING', 'RUNNING', 'PAUSED', 'CANCELLING']
const iso = (at: Timestamp): string => new Date(at).toISOString()

export function createPrefectApi(world: {
  readonly url: string
  readonly headers: () => Record<string, string>
  readonly io: Io
}): PrefectApi {
  const { url } = world
  const api = createJsonApi({ ...world.io, url, authorize: async () => world.headers() })
  const list = async (path: string, body: object, signal: AbortSignal): Promise<readonly Row[]> =>
    arrayOf((await api.post(path, body, signal)).value as Json).map(objectOf)

  async function* pages(path: string, body: object, signal: AbortSignal): AsyncGenerator<Row> {
    let before = ''
    for (let page = 0; page < PAGES; page += 1) {
      const rows = await list(path, { ...body, limit: PAGE, offset: page * PAGE }, signal)
      const ids = rows.map((row) => stringOf(row['id'])).join()
      if (rows.length > 0 && ids === before) {
        throw new SourceError(
          'corrupt',
          `${url}${path}: page ${page + 1} repeats the page before it; given up`,
          {
            subject: url,
          },
        )
      }
      before = ids
      yield* rows
      if (rows.length < PAGE) return
    }
    throw new SourceError('too-large', `${url}${path}: more than ${PAGES} pages of ${PAGE}`, { subject: url })
  }

  const filterRuns = (flow_runs: object, sort: string, signal: AbortSignal) =>
    pages('/flow_runs/filter', { flow_runs, sort }, signal)

  return {
    now: (signal) => serverTime(api, signal),
    async *changedFlowRuns(since, signal) {
      const filter = {
        occurred: { since: iso(since) },
        event: { prefix: ['prefect.flow-run.', 'prefect.task-run.'] },
        order: 'ASC',
      }
      let answer: JsonObject
      try {
        answer = objectOf(
          (await api.post('/events/filter', { filter, limit: EVENTS_PAGE }, signal)).value as Json,
        )
      } catch (error) {
        // A server without events: what is open and what ended says enough.
        if (isAbsent(error)) return
        throw error
      }
      for (let page = 0; page < PAGES; page += 1) {
        for (const event of arrayOf(answer['events']).map(objectOf)) yield* flowRunsIn(event)
        const next = URL.parse(stringOf(answer['next_page']) ?? '')?.searchParams.get('page-token')
        if (next == null) return
        answer = objectOf(
          (await api.get('/events/filter/next', { 'page-token': next }, signal)).value as Json,
        )
      }
    },
    openRuns: (now, signal) =>
      filterRuns(
        { state: { type: { any_: OPEN } }, expected_start_time: { before_: iso(now) } },
        'EXPECTED_START_TIME_ASC',
        signal,
      ),
    endedRuns: (since, signal) => filterRuns({ end_time: { after_: iso(since) } }, 'END_TIME_DESC', signal),
    runsOf: (ids, signal) =>
      list('/flow_runs/filter', { flow_runs: { id: { any_: ids } }, limit: PAGE }, signal),
    tasksOf: (runs, signal) =>
      pages('/task_runs/filter', { flow_runs: { id: { any_: runs } }, sort: 'ID_DESC' }, signal),
    flows: (ids, signal) => list('/flows/filter', { flows: { id: { any_: ids } }, limit: PAGE }, signal),
    deployments: (signal) => pages('/deployments/filter', { sort: 'NAME_ASC' }, signal),
    async nextRuns(now, signal) {
      const scheduled = {
        state: { type: { any_: ['SCHEDULED'] } },
        next_scheduled_start_time: { after_: iso(now) },
      }
      const body = { flow_runs: scheduled, sort: 'NEXT_SCHEDULED_START_TIME_ASC', limit: PAGE }
      const next = new Map<string, Timestamp>()
      for (const row of await list('/flow_runs/filter', body, signal)) {
        const id = stringOf(row['deployment_id'])
        const at = Date.parse(stringOf(row['next_scheduled_start_time']) ?? '')
        if (id !== null && Number.isFinite(at) && !next.has(id)) next.set(id, timestamp(at))
      }
      return next
    },
  }
}

async function serverTime(api: JsonApi, signal: AbortSignal): Promise<Timestamp | null> {
  try {
    return (await api.get('/health', {}, signal)).date
  } catch (error) {
    // A workspace of Prefect Cloud has no such page.
    if (reasonOf(error) === 'missing') return null
    throw error
  }
}

/** The flow run an event is about, or whose task it is about. */
function* flowRunsIn(event: JsonObject): Generator<string> {
  for (const resource of [event['resource'], ...arrayOf(event['related'])]) {
    const id = stringOf(objectOf(resource)['prefect.resource.id'])
    if (id?.startsWith('prefect.flow-run.')) yield id.slice('prefect.flow-run.'.length)
  }
}
