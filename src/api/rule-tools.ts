// Rule files held against stored history: lint with thresholds, and a replay of what would have fired.
import { setImmediate as yieldNow } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { MetricInfo, SeriesReader } from '../model/series.ts'
import { DAY, MINUTE, type Millis, type Timestamp, millis, timestamp } from '../model/units.ts'
import { createEngine } from '../promql/promql.ts'
import { type Finding, backtest, engineQuery, lintRules, loadRuleFiles } from '../rules/rules.ts'

/** History that is looked through at most. */
const MAX_SINCE = millis(400 * DAY)

const Files = z
  .array(z.object({ path: z.string().min(1), text: z.string() }))
  .min(1)
  .max(1_000)
const Replay = z.object({
  files: Files,
  since: z.number().min(MINUTE).max(MAX_SINCE),
  until: z.number().int().optional(),
})
const Check = z.object({
  files: Files,
  since: z
    .number()
    .min(MINUTE)
    .max(MAX_SINCE)
    .prefault(DAY * 30),
})

export interface RuleToolsApi {
  readonly series: SeriesReader
  readonly metrics: readonly MetricInfo[]
  readonly describe: (name: string) => MetricInfo | undefined
  readonly now: () => Timestamp
  readonly lookback: (labels: Readonly<Record<string, string>>) => Millis
}

export function ruleToolRoutes({
  series,
  metrics,
  describe,
  now,
  lookback,
}: RuleToolsApi): (app: FastifyInstance) => void {
  return (app) => {
    app.post('/api/tidemark/rules/check', async (request) => {
      const { files, since } = Check.parse(request.body)
      const { groups, errors, warnings } = loadRuleFiles(files)
      const query = engineQuery(createEngine(series), { lookback })
      const history = { query, now: now(), since: millis(since) }
      const lint = await lintRules(groups, { describe, names: metrics.map(({ name }) => name), history })
      return { findings: [...errors, ...warnings, ...lint] satisfies Finding[] }
    })
    app.post('/api/tidemark/rules/backtest', async (request, reply) => {
      const { files, since, until } = Replay.parse(request.body)
      const { groups, errors } = loadRuleFiles(files)
      if (errors.length > 0)
        return reply
          .code(400)
          .send({ status: 'error', error: 'the rule files have errors', findings: errors })
      const to = timestamp(until ?? now())
      return backtest(groups, series, {
        from: timestamp(to - since),
        to,
        lookback,
        // A replay of months gives way to what must be told tonight.
        pause: () => yieldNow(),
      })
    })
  }
}
