// The HTTP server: one port for scrapes, health, and what is known as JSON.
import compress from '@fastify/compress'
import formbody from '@fastify/formbody'
import Fastify, { type FastifyInstance } from 'fastify'
import { z } from 'zod'
import { type ApiConfig, listenParts } from '../config/config.ts'
import type { LocalFiles } from '../io/files.ts'
import { ConfigError, explainError } from '../model/errors.ts'
import type { Recorded, TableFact } from '../model/facts.ts'
import type { FactReader } from '../model/store.ts'
import type { Millis } from '../model/units.ts'
import { entityTags } from './etag.ts'
import { guard } from './guard.ts'
import { limitOf } from './limit.ts'
import { type Scrape, scrapeRoutes } from './scrape.ts'
import { tlsOptions } from './tls.ts'

export { type OpenDoor, doorRoutes } from './doors.ts'
export { adviceRoutes } from './advice.ts'
export { alertmanagerRoutes } from './alertmanager.ts'
export { detailRoutes } from './details.ts'
export { logRoutes } from './logs.ts'
export { pipelineRoutes } from './pipelines.ts'
export { prometheusRoutes } from './prometheus.ts'
export { ruleToolRoutes } from './rule-tools.ts'

const MAX_BODY_BYTES = 10_485_760
const REQUEST_TIMEOUT_MS = 30_000

/** Adds its own routes to the server. */
export type AddRoutes = (app: FastifyInstance) => void | Promise<void>

export interface ApiParts {
  readonly known: FactReader
  readonly scrape: Scrape
  /** For certificates. */
  readonly files: LocalFiles
  readonly monotonic: () => Millis
  /** False until every source was asked once. */
  readonly ready: () => boolean
  readonly reload: () => Promise<void>
  readonly routes: readonly AddRoutes[]
}

export interface Server extends AsyncDisposable {
  readonly url: string
}

export async function serve(config: ApiConfig, parts: ApiParts): Promise<Server> {
  const { tls_server_config: tls, token, basic_auth_users: users, rate_limit: rate } = config
  const listen = listenParts(config.listen)
  const app = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    logger: false,
    https: tls === undefined ? null : tlsOptions(tls, (file) => parts.files.read(file)),
  })
  app.setErrorHandler((error, _request, reply) => {
    const isInput = error instanceof z.ZodError
    const status =
      error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : isInput ? 400 : 500
    void reply
      .code(status)
      .send({ status: 'error', error: isInput ? z.prettifyError(error) : explainError(error) })
  })
  guard(app, { token, users, rate, monotonic: parts.monotonic })
  await app.register(formbody)
  entityTags(app)
  await app.register(compress, { encodings: ['gzip', 'identity'] })
  scrapeRoutes(parts.scrape)(app)
  health(app, parts)
  known(app, parts.known)
  for (const routes of parts.routes) await routes(app)
  const url = await app.listen(listen).catch((cause: unknown) => {
    throw new ConfigError(`listen on ${listen.host}:${listen.port}; another \`api.listen\` may be free`, {
      cause,
    })
  })
  return { url, [Symbol.asyncDispose]: () => app.close() }
}

function health(app: FastifyInstance, parts: ApiParts): void {
  // Probes have no token, and learn nothing that they could not tell from the port.
  const open = { config: { open: true } }
  app.get('/-/healthy', open, async (_request, reply) =>
    reply.type('text/plain').send('Tidemark is healthy.\n'),
  )
  app.get('/-/ready', open, async (_request, reply) =>
    parts.ready()
      ? reply.type('text/plain').send('Tidemark is ready.\n')
      : reply.code(503).type('text/plain').send('Not every source has been asked yet.\n'),
  )
  app.post('/-/reload', async (_request, reply) => {
    await parts.reload()
    return reply.send({ status: 'success' })
  })
}

function known(app: FastifyInstance, facts: FactReader): void {
  const open = () => facts.facts('problem').filter((problem) => problem.resolved === null)
  app.get<{ Querystring: { id?: string; fields?: string } }>('/api/tidemark/tables', async (request) => {
    const { id, fields } = request.query
    const blind = Map.groupBy(open(), (problem) => problem.tableId)
    const wanted = fields?.split(',').map((field) => field.split('.'))
    return {
      tables: facts
        .recorded('table', id ? { id } : {})
        .toSorted(byTable)
        .map(({ fact, observedAt }) =>
          only({ ...fact, observedAt, problem: blind.get(fact.id)?.[0]?.message ?? null }, wanted),
        ),
    }
  })
  app.get<{ Querystring: { id?: string; limit?: string } }>('/api/tidemark/commits', async (request) => {
    const { id, limit } = request.query
    return {
      commits: facts.facts('commit', {
        ...(id ? { tableId: id } : {}),
        limit: limitOf(limit, 100, 1_000),
      }),
    }
  })
  app.get('/api/tidemark/sources', async () => {
    const problems = Map.groupBy(open(), (problem) => problem.source)
    return {
      sources: facts.facts('poll').map((poll) => ({ ...poll, problems: problems.get(poll.id) ?? [] })),
    }
  })
}

/** The named fields only (`rows`, `fileSizes.small`): a list of thousands is read again and again by those who show it. */
function only(entity: object, wanted: ReadonlyArray<readonly string[]> | undefined): object {
  if (wanted === undefined) return entity
  const known = entity as Readonly<Record<string, unknown>>
  return Object.fromEntries(
    wanted.flatMap(([name = '', inner]) => {
      if (!Object.hasOwn(known, name)) return []
      const value = known[name]
      const part = inner !== undefined && typeof value === 'object' && value !== null
      return [[name, part ? only(value, [[inner]]) : value]]
    }),
  )
}

const byTable = ({ fact: a }: Recorded<TableFact>, { fact: b }: Recorded<TableFact>): number =>
  a.source < b.source || (a.source === b.source && a.table < b.table) ? -1 : 1
