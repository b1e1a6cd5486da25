// GET /metrics: the Prometheus text in pieces, gzipped for who takes it, only what `match[]` asks for; with
// `aggregate=source` one series for all tables, pipelines, … of a source.
import { Readable, pipeline } from 'node:stream'
import { createGzip } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import type { Matcher } from '../model/series.ts'
import { BadParameter, type Params, one, selectors } from './prometheus-params.ts'
import { PromqlError } from '../promql/promql.ts'

/** Answers written at once: each holds a copy of the list of series. */
const MAX_SCRAPES = 4
/** The fastest: names repeat so much that more effort gains little. */
const LEVEL = 1
/** A weight of 0 is a refusal (RFC 9110 section 12.4.2). */
const TAKES_GZIP = /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export type Scrape = (asked: {
  readonly matches: ReadonlyArray<readonly Matcher[]>
  readonly aggregated: boolean
}) => AsyncIterable<string>

export function scrapeRoutes(scrape: Scrape): (app: FastifyInstance) => void {
  let running = 0
  return (app) => {
    app.get('/metrics', { compress: false }, (request, reply) => {
      let asked: Parameters<Scrape>[0]
      try {
        asked = askedOf(request.query as Params)
      } catch (error) {
        if (!(error instanceof BadParameter || error instanceof PromqlError)) throw error
        return reply.code(400).type('text/plain').send(`${error.message}\n`)
      }
      if (running >= MAX_SCRAPES) {
        return reply
          .code(503)
          .type('text/plain')
          .send(`${running} scrapes are being answered, ${MAX_SCRAPES} may be; try again in a moment\n`)
      }
      running += 1
      const text = Readable.from(scrape(asked), { objectMode: false })
      text.once('close', () => (running -= 1))
      void reply.type(CONTENT_TYPE).header('vary', 'accept-encoding')
      if (!TAKES_GZIP.test(request.headers['accept-encoding'] ?? '')) return reply.send(text)
      // Who has gone away ends both; the answer is then nobody's.
      const gzip = pipeline(text, createGzip({ level: LEVEL }), () => undefined)
      return reply.header('content-encoding', 'gzip').send(gzip)
    })
  }
}

function askedOf(params: Params): Parameters<Scrape>[0] {
  const aggregate = one(params, 'aggregate')
  if (aggregate !== undefined && aggregate !== 'source')
    throw new BadParameter(
      'invalid parameter "aggregate": it can only be source, one series for all of a source',
    )
  return { matches: selectors(params), aggregated: aggregate === 'source' }
}
