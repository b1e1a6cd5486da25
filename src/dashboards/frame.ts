// What all our dashboards have: uid, tags, time range, the data source and other variables, alert marks, links, panel ids.
import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DATASOURCE, type PanelSource } from './panels.ts'

const TAG = 'tidemark'

/** A variable whose values are those of a label; `metric` may use the variables before it. */
export interface Variable {
  readonly name: string
  readonly label: string
  readonly metric: string
}

export const SOURCE: Variable = { name: 'source', label: 'Source', metric: 'tidemark_collector_up' }

export interface Section {
  readonly title: string
  readonly panels: readonly PanelSource[]
}

export interface Frame {
  readonly uid: `tidemark-${string}`
  readonly title: string
  readonly description: string
  readonly variables: readonly Variable[]
  /** Which alerts are drawn as marks: a selector of `ALERTS` beside `alertstate`. */
  readonly alerts: string
  readonly sections: readonly Section[]
}

export function dashboard(frame: Frame): Dashboard {
  const built = new DashboardBuilder(`Tidemark / ${frame.title}`)
    .uid(frame.uid)
    .id(null)
    .description(frame.description)
    .tags([TAG])
    .readonly()
    .timezone('browser')
    .time({ from: 'now-24h', to: 'now' })
    .refresh('1m')
    .tooltip(DashboardCursorSync.Crosshair)
    .link(
      new DashboardLinkBuilder('Tidemark')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .asDropdown(true)
        .includeVars(true)
        .keepTime(true),
    )
    .annotation(alertMarks(frame.alerts))
    .withVariable(
      new DatasourceVariableBuilder('datasource')
        .label('Data Source')
        .type('prometheus')
        .description('A Prometheus that scrapes Tidemark, or Tidemark itself.'),
    )
  for (const variable of frame.variables) built.withVariable(labelVariable(variable))
  let id = 0
  const next = (): number => (id += 1)
  for (const { title, panels } of frame.sections) {
    built.withRow(new RowBuilder(title).id(next()))
    for (const panel of panels) built.withPanel(panel.id(next()))
  }
  return built.build()
}

function labelVariable({ name, label, metric }: Variable): QueryVariableBuilder {
  const query = `label_values(${metric}, ${name})`
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query({ qryType: 1, query, refId: 'PrometheusVariableQueryEditor-VariableQuery' })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ selected: true, text: 'All', value: '$__all' })
}

function alertMarks(selector: string): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name('Alerts')
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor('red')
    .expr(`ALERTS{alertstate="firing"${selector === '' ? '' : `, ${selector}`}}`)
    .step('1m')
    .titleFormat('{{alertname}} ({{severity}})')
    .textFormat('{{table}}{{pipeline}} {{source}}')
}

/** A link to one of our dashboards that keeps the data source and the time, for the labels of the row. */
export const linkTo = (uid: Frame['uid'], labels: readonly string[]): string =>
  `/d/${uid}?\${datasource:queryparam}&\${__url_time_range}${labels.map((label) => `&var-${label}=\${__data.fields.${label}:percentencode}`).join('')}`
