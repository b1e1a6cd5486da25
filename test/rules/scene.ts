// A group over series in memory, on a clock that moves by minutes: what the tests of rules are played on.
import { expect } from 'vitest'
import { MINUTE, type Timestamp, millis, plus, timestamp } from '../../src/model/units.ts'
import { createEngine, memorySeries } from '../../src/promql/promql.ts'
import {
  type GroupDefinition,
  type GroupPorts,
  type GroupReport,
  type GroupState,
  type Query,
  createGroup,
  engineQuery,
  loadRuleFiles,
  recordedNames,
} from '../../src/rules/rules.ts'

export const MINUTE_BACK = millis(-60_000)
export const START = timestamp(1_700_000_000_000)

export function load(text: string): GroupDefinition[] {
  const { groups, errors } = loadRuleFiles([{ path: 'rules.yaml', text }])
  expect(errors).toEqual([])
  return [...groups]
}

/** A store in memory, one group, and a clock that moves by minutes. */
export function scene(
  yaml: string,
  options: { whereabouts?: GroupPorts['whereabouts']; offset?: number } = {},
) {
  const series = memorySeries()
  const engine = createEngine(series)
  const groups = load(yaml)
  const ports: GroupPorts = {
    query: engineQuery(engine),
    writer: series,
    external: { labels: { cluster: 'eu' }, url: 'http://tidemark:9464' },
    defaults: { interval: MINUTE, queryOffset: millis(options.offset ?? 0) },
    recorded: recordedNames(groups),
    whereabouts: options.whereabouts === undefined ? () => 'unknown' : options.whereabouts,
  }
  let group = createGroup(groups[0]!, ports, null)
  let now = group.nextSlot(START)
  return {
    series,
    ports,
    get group() {
      return group
    },
    get now() {
      return now
    },
    /** Input at the current minute: one scope, so what is left out ends. */
    put(samples: Record<string, number>) {
      series.append(
        'input',
        Object.entries(samples).map(([text, value]) => {
          const [name, inner = ''] = text.split(/[{}]/)
          const labels = Object.fromEntries(
            inner
              .split(',')
              .filter(Boolean)
              .map((pair) => pair.split('=') as [string, string]),
          )
          return { name: name!, labels, value }
        }),
        now,
      )
    },
    async evaluate(): Promise<GroupReport> {
      const report = await group.evaluate(now)
      now = plus(now, MINUTE)
      return report!
    },
    restart(definition: GroupDefinition = groups[0]!) {
      const stored = JSON.parse(JSON.stringify(group.state())) as GroupState
      group = createGroup(definition, ports, stored)
    },
    skip(minutes: number) {
      now = plus(now, millis(minutes * MINUTE))
    },
    query: (expr: string, at: Timestamp = plus(now, MINUTE_BACK)) =>
      (engineQuery(engine)(expr, at) as Awaited<ReturnType<Query>>).map(({ labels, value }) => ({
        ...labels,
        value,
      })),
  }
}

export const states = (report: GroupReport): string[] =>
  report.rules.flatMap(({ alerts }) =>
    alerts.map(({ labels, state }) => `${labels['table'] ?? labels['alertname']} ${state.phase}`),
  )
