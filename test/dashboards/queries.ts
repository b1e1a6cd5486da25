// Every query of a dashboard, with Grafana's variables filled in as Grafana would.
import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard'

export interface DashboardQuery {
  readonly where: string
  readonly expr: string
  readonly legend: string
  readonly instant: boolean
}

export const panelsOf = (dashboard: Dashboard): readonly Panel[] =>
  (dashboard.panels ?? []).filter((panel): panel is Panel => panel.type !== 'row')

interface Target {
  readonly refId: string
  readonly expr: string
  readonly legendFormat?: string
  readonly instant?: boolean
}

export const targetsOf = (panel: Panel): readonly Target[] => (panel.targets ?? []) as unknown as Target[]

/** Queries of panels and of annotations. */
export function queriesOf(dashboard: Dashboard): DashboardQuery[] {
  return [
    ...panelsOf(dashboard).flatMap((panel) =>
      targetsOf(panel).map(({ refId, expr, legendFormat, instant }) => ({
        where: `${dashboard.title}: ${panel.title} ${refId}`,
        expr: filled(expr),
        legend: legendFormat ?? '',
        instant: instant === true,
      })),
    ),
    ...(dashboard.annotations?.list ?? []).map(({ name, expr }) => ({
      where: `${dashboard.title}: annotation ${name}`,
      expr: filled(expr ?? ''),
      legend: '',
      instant: false,
    })),
  ]
}

/** `label_values(metric, label)` of every variable that is one. */
export function variablesOf(dashboard: Dashboard): Array<{ metric: string; label: string }> {
  return (dashboard.templating?.list ?? []).flatMap(({ definition }) => {
    const [, metric, label] = /^label_values\((.+), (\w+)\)$/.exec(definition ?? '') ?? []
    return metric === undefined || label === undefined ? [] : [{ metric: filled(metric), label }]
  })
}

/** All of each variable, six hours shown, a rate interval of four minutes. */
const filled = (expr: string): string =>
  expr
    .replaceAll('$__rate_interval', '4m')
    .replaceAll('$__range', '6h')
    .replaceAll(/\$(source|table|pipeline|receiver)\b/g, '.*')
