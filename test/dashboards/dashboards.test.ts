// The committed dashboards are what the code makes, ask only for what the catalogue defines, and keep the rules that
// make a dashboard good: the seventeen of Grafana's dashboard-linter, each named where it is checked, but for two kinds.
// - template-job, template-instance, target-job, target-instance: a Prometheus that scrapes us adds `job` and
//   `instance`, our own query API has neither; who has several Tidemarks tells them apart by `source`.
// - target-logql, target-logql-auto: there are no logs here.
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { describe, expect, test } from 'vitest'
import { describe as define } from '../../src/agent/metrics.ts'
import { dashboards } from '../../src/dashboards/dashboards.ts'
import { type Expr, matchersOf, parse } from '../../src/promql/promql.ts'
import { panelsOf, queriesOf, targetsOf, variablesOf } from './queries.ts'

/** Units of Grafana that we use: a typo would be shown as a suffix. */
const UNITS = ['none', 'short', 's', 'bytes', 'percentunit', 'bool_yes_no', 'reqps', 'currencyUSD']
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' }
const ALERT_LABELS = ['alertname', 'alertstate', 'severity', 'source', 'table', 'pipeline', 'receiver']

const all = Object.entries(dashboards())

test('uids are fixed and their own', () => {
  expect(all.map(([name, { uid }]) => [name, uid])).toEqual(all.map(([name]) => [name, `tidemark-${name}`]))
})

describe.for(all)('%s', ([name, dashboard]) => {
  test('the committed file is fresh', async () => {
    await expect(`${JSON.stringify(dashboard, null, 2)}\n`).toMatchFileSnapshot(
      `../../dashboards/${name}.json`,
    )
  })

  test('uneditable-dashboard; classic JSON that any Grafana imports and provisions', () => {
    expect(dashboard).toMatchObject({ schemaVersion: 42, id: null, editable: false })
    expect(JSON.stringify(dashboard)).not.toContain('__inputs')
    expect(JSON.stringify(dashboard)).not.toContain('DS_')
    expect((dashboard.panels ?? []).map(({ id }) => id)).toEqual(
      (dashboard.panels ?? []).map((_, i) => i + 1),
    )
  })

  test('template-datasource, template-on-time-change-reload, template-label-promql', () => {
    const [first, ...others] = dashboard.templating?.list ?? []
    expect(first).toMatchObject({
      name: 'datasource',
      label: 'Data Source',
      type: 'datasource',
      query: 'prometheus',
    })
    for (const variable of others) {
      expect(variable).toMatchObject({ type: 'query', refresh: 2, datasource: DATASOURCE, multi: true })
    }
    expect(variablesOf(dashboard)).toHaveLength(others.length)
    for (const { metric, label } of variablesOf(dashboard)) {
      expect(unknownOf(parse(metric))).toEqual([])
      expect(labelsOf(parse(metric))).toContain(label)
    }
  })

  test('panel-datasource, panel-title-description, panel-units, panel-no-targets', () => {
    expect(panelsOf(dashboard).length).toBeGreaterThan(0)
    for (const panel of panelsOf(dashboard)) {
      const { title, description, datasource, fieldConfig } = panel
      expect(title).toMatch(/^\S/)
      expect(description).toMatch(/\.$/)
      expect(datasource).toEqual(DATASOURCE)
      expect(UNITS).toContain(fieldConfig?.defaults.unit)
      expect(targetsOf(panel).length).toBeGreaterThan(0)
      for (const target of targetsOf(panel)) expect(target).toMatchObject({ datasource: DATASOURCE })
    }
  })

  // target-promql, target-counter-agg
  test.for(queriesOf(dashboard).map((query) => [query.where, query] as const))(
    '%s',
    ([, { expr, legend }]) => {
      const parsed = parse(expr)
      expect(unknownOf(parsed)).toEqual([])
      const known = labelsOf(parsed)
      const named = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!)
      expect([...groupingsOf(parsed), ...named].filter((label) => !known.has(label))).toEqual([])
      expect(bareCounters(parsed)).toEqual([])
    },
  )

  test('target-rate-interval: the interval fits the step of every data source', () => {
    for (const panel of panelsOf(dashboard)) {
      for (const { expr } of targetsOf(panel)) {
        const ranges = [...expr.matchAll(/\[([^\]]+)\]/g)].map(([, range]) => range)
        expect(['$__rate_interval', '$__range', '1h', '1d']).toEqual(expect.arrayContaining(ranges))
      }
    }
  })

  test('links lead to dashboards and fields that there are', () => {
    const uids = new Set(all.map(([, { uid }]) => uid))
    for (const panel of panelsOf(dashboard)) {
      for (const { url } of (panel.fieldConfig?.defaults.links ?? []) as Array<{ url?: string }>) {
        expect(uids).toContain(/^\/d\/([\w-]+)\?/.exec(url ?? '')?.[1])
        const fields = [...(url ?? '').matchAll(/__data\.fields\.(\w+)/g)].map(([, field]) => field!)
        const known = new Set(targetsOf(panel).flatMap(({ expr }) => [...labelsIn(expr)]))
        expect(fields.filter((field) => !known.has(field))).toEqual([])
      }
    }
  })

  test('alerts are marked', () => {
    expect(dashboard.annotations?.list?.map(({ expr }) => expr)).toEqual([
      expect.stringContaining('ALERTS{alertstate="firing"'),
    ])
  })
})

const labelsIn = (expr: string): Set<string> =>
  new Set(
    queriesOf({ panels: [{ type: 'x', targets: [{ refId: 'A', expr }] }] } as unknown as Dashboard).flatMap(
      ({ expr: text }) => [...labelsOf(parse(text))],
    ),
  )

/** Metrics and labels of selectors that the catalogue does not have. */
function unknownOf(expr: Expr): string[] {
  return matchersOf(expr).flatMap(({ name, matchers }) => {
    const labels = labelsOfMetric(name)
    if (labels === undefined) return [name]
    return matchers.flatMap(({ name: label }) =>
      label === '__name__' || labels.includes(label) ? [] : [`${name}{${label}}`],
    )
  })
}

function labelsOfMetric(name: string): readonly string[] | undefined {
  if (name === 'ALERTS' || name === 'ALERTS_FOR_STATE') return ALERT_LABELS
  const info = define(name)
  return info === undefined ? undefined : [...info.labels, ...(name.endsWith('_bucket') ? ['le'] : [])]
}

const labelsOf = (expr: Expr): Set<string> =>
  new Set(matchersOf(expr).flatMap(({ name }) => labelsOfMetric(name) ?? []))

function* walk(expr: Expr): Generator<Expr> {
  yield expr
  for (const value of Object.values(expr)) {
    const below = Array.isArray(value) ? value : [value]
    for (const one of below as unknown[]) {
      if (typeof one === 'object' && one !== null && 'kind' in one) yield* walk(one as Expr)
    }
  }
}

const groupingsOf = (expr: Expr): string[] =>
  [...walk(expr)].flatMap((one) =>
    one.kind === 'aggregate' ? one.grouping : one.kind === 'binary' ? (one.matching?.labels ?? []) : [],
  )

/** target-counter-agg: a counter is read through rate or increase; its plain value is only a total since some start. */
function bareCounters(expr: Expr): string[] {
  const ranged = new Set([...walk(expr)].flatMap((one) => (one.kind === 'matrix' ? [one.selector] : [])))
  return [...walk(expr)].flatMap((one) =>
    one.kind === 'selector' &&
    !ranged.has(one) &&
    define(one.name)?.type === 'counter' &&
    !TOTALS.has(one.name)
      ? [one.name]
      : [],
  )
}

/** Shown as totals on purpose, and labelled so. */
const TOTALS = new Set(['tidemark_collector_series_dropped_total', 'tidemark_table_schema_changes_total'])
