// What the HTTP server answers, each route with the parts of the process that it asks.
import type { Prices } from '../advisors/advisors.ts'
import {
  type AddRoutes,
  type OpenDoor,
  adviceRoutes,
  alertmanagerRoutes,
  detailRoutes,
  doorRoutes,
  logRoutes,
  pipelineRoutes,
  prometheusRoutes,
  ruleToolRoutes,
} from '../api/api.ts'
import type { Expectations } from '../expect/expect.ts'
import type { Clock } from '../io/clock.ts'
import type { RootLog } from '../io/log.ts'
import type { Store } from '../model/store.ts'
import type { Millis, Timestamp } from '../model/units.ts'
import type { Notifier } from '../notify/notify.ts'
import type { Engine } from '../promql/promql.ts'
import type { fittingLookback } from '../rules/rules.ts'
import type { Advising } from './advising.ts'
import { dueAt } from './due.ts'
import type { Inbox } from './inbox.ts'
import { describe, metrics } from './metrics.ts'
import type { RuleGroup } from './rule-groups.ts'
import { tableHistory } from './table-history.ts'

export interface RouteParts {
  readonly clock: Clock
  readonly version: string
  readonly startedAt: Timestamp
  readonly resolution: Millis
  readonly lookback: ReturnType<typeof fittingLookback>
  readonly store: Store
  readonly engine: Engine
  readonly expectations: Expectations
  readonly groups: readonly RuleGroup[]
  readonly prices: Prices
  readonly advising: Advising
  readonly notifier: Notifier
  readonly inbox: Inbox
  /** Of sources that are told. */
  readonly doors: readonly OpenDoor[]
  readonly recent: RootLog['recent']
}

export function routesOf(parts: RouteParts): readonly AddRoutes[] {
  const { clock, version, startedAt, lookback, store, engine, groups, notifier, prices } = parts
  const { series } = store
  const now = () => clock.now()
  return [
    doorRoutes({ doors: parts.doors, take: (facts, at) => parts.inbox.take(facts, at), now }),
    prometheusRoutes({ engine, series, metrics, now, version, groups: () => groups.map(asRunning) }),
    adviceRoutes({ known: store, decide: (id, decided, at) => parts.advising.decide(id, decided, at), now }),
    pipelineRoutes({ known: store, dueAt: dueAt(series, now) }),
    detailRoutes({ known: store, prices, now, historyOf: tableHistory({ ...parts, series }) }),
    logRoutes(parts.recent),
    alertmanagerRoutes({ notifier, now, startedAt, version }),
    ruleToolRoutes({ series, metrics, describe, now, lookback }),
  ]
}

const asRunning = ({ group, report }: RuleGroup) => ({
  name: group.definition.name,
  file: group.definition.path,
  intervalSeconds: group.interval / 1000,
  limit: group.definition.limit,
  rules: group.definition.rules,
  report,
})
