// Answers about alerts, as far as the commands and the terminal UI look at them.
import { z } from 'zod'
import { type Timestamp, timestamp } from '../model/units.ts'

const At = z.number().transform(timestamp)
const Moment = z.string().transform((text, context): Timestamp => {
  const at = Date.parse(text)
  if (Number.isNaN(at))
    context.addIssue({ code: 'custom', message: 'expected a time such as 2026-11-22T07:00:00Z' })
  return timestamp(at)
})
const Labels = z.record(z.string(), z.string())

const Alert = z.object({
  fingerprint: z.string(),
  labels: Labels,
  annotations: Labels,
  startsAt: Moment,
  receivers: z.array(z.object({ name: z.string() })),
  status: z.object({
    state: z.string(),
    silencedBy: z.array(z.string()),
    inhibitedBy: z.array(z.string()),
  }),
})
/** Of GET /api/v2/alerts. */
export const Alerts = z.array(Alert)
export type Alert = z.output<typeof Alert>

const Silence = z.object({
  id: z.string(),
  status: z.object({ state: z.string() }),
  matchers: z.array(
    z.object({
      name: z.string(),
      value: z.string(),
      isRegex: z.boolean(),
      isEqual: z.boolean().prefault(true),
    }),
  ),
  startsAt: Moment,
  endsAt: Moment,
  createdBy: z.string(),
  comment: z.string(),
})
/** Of GET /api/v2/silences. */
export const Silences = z.array(Silence)
export type Silence = z.output<typeof Silence>

const Explanation = z.object({
  labels: Labels,
  annotations: Labels,
  state: z.string(),
  since: At,
  endedAt: At.nullable(),
  value: z.number().nullable(),
  noData: z.boolean(),
  background: z
    .object({
      expression: z.string(),
      pendingSince: At.nullable(),
      /** Milliseconds. */
      holdFor: z.number(),
      history: z.array(z.tuple([z.number(), z.number().nullable()])),
    })
    .nullable(),
  ways: z.array(
    z.object({
      receiver: z.string(),
      route: z.string(),
      groupKey: z.string(),
      nextTick: At.nullable(),
      integrations: z.array(z.object({ integration: z.string(), verdict: z.string(), waiting: z.number() })),
    }),
  ),
  notices: z.array(
    z.object({
      notice: z.object({ at: At, reason: z.string(), title: z.string() }),
      state: z.string(),
      nextAttempt: At.nullable(),
      attempts: z.array(z.object({ at: At, result: z.string(), answer: z.string() })),
    }),
  ),
})
/** Of GET /api/tidemark/explain/ALERT. */
export const Explanations = z.object({ alerts: z.array(Explanation) }).transform(({ alerts }) => alerts)
export type Explanation = z.output<typeof Explanation>
