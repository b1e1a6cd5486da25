// The kinds of panels our dashboards are made of, each with what every panel needs: unit, description, data source.
import { BigValueColorMode, BigValueGraphMode, TableCellHeight } from '@grafana/grafana-foundation-sdk/common'
import {
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TableSortByFieldStateBuilder,
  VizLegendOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  LegendDisplayMode,
  LegendPlacement,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import { TooltipDisplayMode, SortOrder } from '@grafana/grafana-foundation-sdk/common'
import { FieldColorBuilder, ThresholdsConfigBuilder } from '@grafana/grafana-foundation-sdk/dashboard'
import {
  DashboardLinkBuilder,
  FieldColorModeId,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard'
import type { Panel, Threshold } from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge'
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table'
import { PanelBuilder as Timeseries } from '@grafana/grafana-foundation-sdk/timeseries'

/**
 * The variable behind every panel. Inputs (`__inputs`) are filled in by the import page only; a variable also works
 * where files are provisioned.
 */
export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' }

/** Our history has one sample a minute by default: `$__rate_interval` must span four of them. */
const STEP = '1m'

export interface Query {
  readonly expr: string
  readonly legend?: string
}

interface Common {
  readonly title: string
  readonly description: string
  /** A Grafana unit id. */
  readonly unit: string
  /** Of 24. */
  readonly width: number
  readonly height?: number
}

/** A colour from a value on; the first counts from the beginning. */
export type Steps = ReadonlyArray<readonly [from: number | null, colour: string]>

export const ZERO_IS_GOOD: Steps = [
  [null, 'green'],
  [1, 'red'],
]
export const ONE_IS_GOOD: Steps = [
  [null, 'red'],
  [1, 'green'],
]
const PLAIN: Steps = [[null, 'blue']]

/** Colours of legends that match, so that what is bad looks bad on every dashboard. */
export type Colours = Readonly<Record<string, string>>

export const OF_RESULTS: Colours = {
  '/^success|^pass|delivered$/': 'green',
  '/^failure|^fail|refused$|dropped$|^lost$/': 'red',
  '/^error|^timeout|retry$|gone$/': 'orange',
  '/^cancelled|^skip|^warn/': 'yellow',
}
export const OF_SEVERITIES: Colours = { '/^error$/': 'red', '/^warn$/': 'orange' }

/** Adds itself to a dashboard once it has an id there. */
export interface PanelSource {
  id(id: number): this
  build(): Panel
}

const letter = (i: number): string => String.fromCharCode(65 + i)

const target = ({ expr, legend }: Query, i: number): DataqueryBuilder =>
  new DataqueryBuilder()
    .refId(letter(i))
    .expr(expr)
    .datasource(DATASOURCE)
    .interval(STEP)
    .legendFormat(legend ?? '__auto')

const coloured = (steps: Steps): ThresholdsConfigBuilder =>
  new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps(steps.map(([value, color]): Threshold => ({ value, color })))

const byThresholds = (): FieldColorBuilder => new FieldColorBuilder().mode(FieldColorModeId.Thresholds)
const newest = (): ReduceDataOptionsBuilder => new ReduceDataOptionsBuilder().calcs(['lastNotNull'])

/** A line a series over time. */
export function graph(
  panel: Common & {
    readonly queries: readonly Query[]
    /** Legends that match are limits: dashed and without points. */
    readonly limits?: string
    readonly stacked?: boolean
    readonly colours?: Colours
  },
): PanelSource {
  const built = new Timeseries()
    .title(panel.title)
    .description(panel.description)
    .datasource(DATASOURCE)
    .unit(panel.unit)
    .span(panel.width)
    .height(panel.height ?? 8)
    .min(0)
    .fillOpacity(panel.stacked ? 40 : 8)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .targets(panel.queries.map((query, i) => target(query, i).range()))
  if (panel.stacked) built.stacking(new StackingConfigBuilder().mode(StackingMode.Normal))
  for (const [legends, fixedColor] of Object.entries(panel.colours ?? {}))
    built.overrideByRegexp(legends, [{ id: 'color', value: { mode: FieldColorModeId.Fixed, fixedColor } }])
  if (panel.limits !== undefined) {
    built.overrideByRegexp(panel.limits, [
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 6] } },
      { id: 'custom.fillOpacity', value: 0 },
    ])
  }
  return built
}

/** One number, coloured by what it means. */
export function figure(
  panel: Common & { readonly expr: string; readonly steps?: Steps; readonly noValue?: string },
): PanelSource {
  return new Stat()
    .title(panel.title)
    .description(panel.description)
    .datasource(DATASOURCE)
    .unit(panel.unit)
    .span(panel.width)
    .height(panel.height ?? 4)
    .noValue(panel.noValue ?? 'unknown')
    .colorMode(panel.steps === undefined ? BigValueColorMode.Value : BigValueColorMode.Background)
    .graphMode(BigValueGraphMode.None)
    .reduceOptions(newest())
    .thresholds(coloured(panel.steps ?? PLAIN))
    .colorScheme(byThresholds())
    .withTarget(target({ expr: panel.expr }, 0).instant())
}

/** The few largest, as bars. */
export function bars(panel: Common & Query & { readonly steps?: Steps }): PanelSource {
  return new BarGauge()
    .title(panel.title)
    .description(panel.description)
    .datasource(DATASOURCE)
    .unit(panel.unit)
    .span(panel.width)
    .height(panel.height ?? 8)
    .min(0)
    .reduceOptions(newest())
    .thresholds(coloured(panel.steps ?? PLAIN))
    .colorScheme(byThresholds())
    .withTarget(target(panel, 0).instant())
}

export interface Column {
  readonly name: string
  readonly expr: string
  readonly unit: string
  readonly steps?: Steps
}

/** A row a thing, a column a query: every query is aggregated by the same labels, which become the first columns. */
export function list(
  panel: Omit<Common, 'unit'> & {
    readonly by: readonly string[]
    readonly columns: readonly Column[]
    /** The column that rows are ordered by; the largest first unless `rising`. */
    readonly sort: { readonly column: string; readonly rising?: boolean }
    /** Where a click on a row leads, with `${__data.fields.X}` for labels. */
    readonly links?: ReadonlyArray<{ readonly title: string; readonly url: string }>
  },
): PanelSource {
  const value = (i: number) => (panel.columns.length === 1 ? 'Value' : `Value #${letter(i)}`)
  const table = new Table()
    .title(panel.title)
    .description(panel.description)
    .datasource(DATASOURCE)
    .unit(panel.columns[0]!.unit)
    .span(panel.width)
    .height(panel.height ?? 9)
    .cellHeight(TableCellHeight.Sm)
    .filterable(true)
    .sortBy([
      new TableSortByFieldStateBuilder().displayName(panel.sort.column).desc(panel.sort.rising !== true),
    ])
    .targets(panel.columns.map(({ expr }, i) => target({ expr }, i).instant().format(PromQueryFormat.Table)))
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries([
          ...panel.by.map((label, i) => [label, i]),
          ...panel.columns.map((_, i) => [value(i), panel.by.length + i]),
        ]),
        renameByName: Object.fromEntries(panel.columns.map(({ name }, i) => [value(i), name])),
      },
    })
  for (const { name, unit, steps } of panel.columns) {
    table.overrideByName(name, [
      { id: 'unit', value: unit },
      ...(steps === undefined
        ? []
        : [
            { id: 'thresholds', value: coloured(steps).build() },
            { id: 'custom.cellOptions', value: { type: 'color-text' } },
          ]),
    ])
  }
  if (panel.links !== undefined)
    table.dataLinks(
      panel.links.map(({ title, url }) => new DashboardLinkBuilder(title).url(url).targetBlank(false)),
    )
  return table
}
