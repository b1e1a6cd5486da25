// The daemon's own log as JSON: the newest records that it still has.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { LEVELS, MOST_RECORDS, type RecentLog } from '../io/recent-log.ts'
import { timestamp } from '../model/units.ts'

const RECORDS_DEFAULT = 200

const Query = z.object({
  level: z.enum(LEVELS).prefault('debug'),
  since: z
    .string()
    .transform((text) => (/^\d+$/.test(text) ? Number(text) : Date.parse(text)))
    .refine(Number.isFinite, 'expected a time such as 2026-11-22T07:00:00Z, or epoch milliseconds')
    .transform(timestamp)
    .prefault('0'),
  limit: z.coerce.number().int().min(1).max(MOST_RECORDS).prefault(RECORDS_DEFAULT),
})

export const logRoutes =
  (recent: RecentLog) =>
  (app: FastifyInstance): void => {
    app.get('/api/tidemark/logs', async (request, reply) => {
      const asked = Query.safeParse(request.query)
      if (!asked.success)
        return reply.code(400).send({ status: 'error', error: z.prettifyError(asked.error) })
      return { logs: recent.newest(asked.data), dropped: recent.dropped }
    })
  }
