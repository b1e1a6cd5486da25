// /api/tidemark/advice: what is advised, what it comes to, and what people decide about it; /api/tidemark/bill: what was billed.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Decided, Decision } from '../advisors/advisors.ts'
import { ADVICE_STATES, type AdviceFact } from '../model/advice.ts'
import { SourceError, explainError } from '../model/errors.ts'
import { Duration } from '../model/fields.ts'
import type { FactReader } from '../model/store.ts'
import { DAY, MINUTE, type Timestamp, millis } from '../model/units.ts'

const MAX_TEXT = 2_000
const MAX_ROLLBACK = 1_000_000

const Body = z
  .strictObject({
    by: z.string().min(1).max(200),
    reason: z.string().max(MAX_TEXT).prefault(''),
    /** Of the advice that was looked at. */
    etag: z.string().max(64).nullable().prefault(null),
    /** Of a snooze. */
    for: Duration(MINUTE).prefault('7d'),
    /** What undoes it, where it was applied by a program that knows. */
    rollback: z.string().max(MAX_ROLLBACK).nullable().prefault(null),
  })
  .describe('who decides, and why')
const Action = z.enum(['accept', 'dismiss', 'snooze', 'applied', 'failed', 'rolled-back', 'reopen'])
const Filter = z.object({
  state: z.enum(['open', 'all', ...ADVICE_STATES]).prefault('open'),
  /** Pieces in the answer; 0 for what they come to only. */
  limit: z.coerce.number().int().min(0).optional(),
})

const LONGEST_SNOOZE = millis(365 * DAY)

export interface AdviceApi {
  readonly known: FactReader
  readonly decide: (id: string, decided: Decided, now: Timestamp) => AdviceFact
  readonly now: () => Timestamp
}

export function adviceRoutes({ known, decide, now }: AdviceApi): (app: FastifyInstance) => void {
  return (app) => {
    app.get('/api/tidemark/advice', async (request) => {
      const { state, limit } = Filter.parse(request.query)
      const wanted = (fact: AdviceFact): boolean =>
        state === 'all' || fact.state === (state === 'open' ? 'active' : state)
      const standing = known.facts('advising')[0]
      const found = known.facts('advice').filter(wanted)
      return {
        at: standing?.at ?? null,
        total: standing?.total ?? null,
        count: found.length,
        advice: limit === 0 ? [] : found.toSorted(byWorth).slice(0, limit),
        needs: standing?.needs ?? [],
        needsOmitted: standing?.needsOmitted ?? 0,
        failed: standing?.failed ?? null,
      }
    })
    app.get('/api/tidemark/bill', async () => ({
      reckoning: known.facts('reckoning')[0] ?? null,
      deliveries: known.facts('bill').map((bill) => ({ ...bill, lines: bill.lines.length })),
    }))
    app.get<{ Params: { id: string } }>('/api/tidemark/advice/:id', async (request, reply) => {
      const { id } = request.params
      const [fact] = known.facts('advice', { id })
      return fact ?? reply.code(404).send({ status: 'error', error: `there is no advice ${id}` })
    })
    app.post<{ Params: { id: string; action: string } }>(
      '/api/tidemark/advice/:id/:action',
      async (request, reply) => {
        const action = Action.parse(request.params.action)
        const body = Body.parse(request.body ?? {})
        const { by, reason, etag } = body
        try {
          return decide(request.params.id, { decision: decisionOf(action, body), by, reason, etag }, now())
        } catch (error) {
          if (!(error instanceof SourceError)) throw error
          return reply.code(STATUS[error.reason] ?? 400).send({ status: 'error', error: explainError(error) })
        }
      },
    )
  }
}

const STATUS: Readonly<Partial<Record<SourceError['reason'], number>>> = {
  missing: 404,
  vanished: 412,
  unsupported: 409,
}

function decisionOf(action: z.output<typeof Action>, body: z.output<typeof Body>): Decision {
  if (action === 'snooze') return { action, length: millis(Math.min(body.for, LONGEST_SNOOZE)) }
  if (action === 'applied') return { action, rollback: body.rollback }
  return { action }
}

const worth = ({ advice }: AdviceFact): number => advice.cost.savings?.p50 ?? 0
const byWorth = (a: AdviceFact, b: AdviceFact): number => worth(b) - worth(a) || (a.id < b.id ? -1 : 1)
