// The rule groups of a running daemon: loaded, restored, evaluated at their slots, remembered.
import { setImmediate } from 'node:timers/promises'
import type { LoadedConfig } from '../config/config.ts'
import { SHIPPED_RULES, readRuleFiles } from '../config/config.ts'
import type { Clock } from '../io/clock.ts'
import { PRIVATE_NETWORKS, createEgress } from '../io/egress.ts'
import { createHttpClient } from '../io/http.ts'
import { createPrometheusQuery } from '../io/prometheus-query.ts'
import type { Log } from '../io/log.ts'
import { ConfigError, explainError } from '../model/errors.ts'
import type { Store } from '../model/store.ts'
import { between, millis } from '../model/units.ts'
import type { Notifier } from '../notify/notify.ts'
import {
  DEFAULT_INTERVAL,
  type Group,
  type GroupDefinition,
  type GroupPorts,
  type GroupReport,
  type GroupState,
  type Query,
  createGroup,
  groupId,
  loadRuleFiles,
  printFinding,
  recordedNames,
  textQuery,
} from '../rules/rules.ts'

export interface RuleGroup {
  readonly group: Group
  /** Of the last evaluation; null before the first. */
  report: GroupReport | null
  /** Since start. */
  readonly counts: { evaluations: number; failures: number; missed: number }
}

/** Reads and checks the rule files of a config. Throws ConfigError with a line per error. */
export function loadRules({ config, base }: LoadedConfig): readonly GroupDefinition[] {
  const { groups, errors } = loadRuleFiles(readRuleFiles(config.rules ?? [SHIPPED_RULES], base))
  if (errors.length > 0) throw new ConfigError(errors.map(printFinding).join('\n'))
  return groups
}

export interface RulePorts {
  readonly query: Query
  readonly store: Store
  readonly clock: Clock
  readonly url: string
  readonly whereabouts: NonNullable<GroupPorts['whereabouts']>
}

export function openGroups(definitions: readonly GroupDefinition[], ports: RulePorts): RuleGroup[] {
  const { store, clock } = ports
  const groupPorts: GroupPorts = {
    query: ports.query,
    writer: store.series,
    external: { labels: {}, url: ports.url },
    defaults: { interval: DEFAULT_INTERVAL, queryOffset: millis(0) },
    recorded: recordedNames(definitions),
    whereabouts: ports.whereabouts,
    monotonic: () => clock.monotonic(),
    pause: () => setImmediate(),
  }
  return definitions.map((definition) => {
    const [stored] = store.facts('rule-group', { id: groupId(definition) })
    return {
      group: createGroup(definition, groupPorts, (stored?.state as GroupState | undefined) ?? null),
      report: null,
      counts: { evaluations: 0, failures: 0, missed: 0 },
    }
  })
}

/** Evaluates one group at each of its slots until the signal aborts. */
export async function runGroup(
  running: RuleGroup,
  parts: {
    readonly store: Store
    readonly clock: Clock
    readonly log: Log
    readonly notifier: Pick<Notifier, 'take'>
  },
  signal: AbortSignal,
): Promise<void> {
  const { group } = running
  const id = groupId(group.definition)
  while (!signal.aborted) {
    const before = parts.clock.now()
    await parts.clock.sleep(between(before, group.nextSlot(before)), signal)
    if (signal.aborted) return
    try {
      const report = await group.evaluate(parts.clock.now())
      if (report === null) continue
      running.report = report
      running.counts.evaluations += report.rules.length
      running.counts.failures += report.rules.filter(({ health }) => health === 'err').length
      running.counts.missed += report.missed
      if (report.missed > 0)
        parts.log.warn({ group: id, missed: report.missed }, 'rule evaluations were missed')
      for (const { rule, error } of report.rules) {
        if (error !== null)
          parts.log.warn({ group: id, rule: rule.name, error }, 'a rule could not be evaluated')
      }
      // What follows from an evaluation is told even when its memory cannot be written.
      parts.notifier.take(report.alerts, report.at)
      parts.store.record([{ kind: 'rule-group', id, state: report.state }], report.at)
    } catch (error) {
      parts.log.error({ group: id, error: explainError(error) }, 'the evaluation of a rule group failed')
    }
  }
}

/** What the catalogue tells of the groups. */
export const groupFigures = (groups: readonly RuleGroup[]) =>
  groups.map(({ group, report, counts }) => ({
    name: group.definition.name,
    ...counts,
    lastSeconds: report === null ? null : report.duration / 1000,
    lastAt: report?.at ?? null,
  }))

/** Rules ask our own engine, or the service that the configuration names. */
export function rulesQuery(url: string | undefined, own: Query, signal: AbortSignal): Query {
  if (url === undefined) return own
  // The operator named this address: private networks are where such services live.
  const http = createHttpClient(createEgress(PRIVATE_NETWORKS))
  const ask = createPrometheusQuery({ url }, http)
  return textQuery((expr, at) => ask(expr, at, signal))
}
