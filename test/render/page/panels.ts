// A panel of Grafana's classic JSON → the panel of Perses that shows the same: the pictures prove queries, units, legends,
// thresholds and layout, not Grafana's own look.

export interface GrafanaPanel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly Target[]
  readonly fieldConfig?: { readonly defaults: Field; readonly overrides?: readonly Override[] }
  readonly options?: { readonly colorMode?: string }
  readonly transformations?: ReadonlyArray<{ readonly id: string; readonly options: Organize }>
}

interface Target {
  readonly refId: string
  readonly expr: string
  readonly legendFormat?: string
}

interface Field {
  readonly unit?: string
  readonly noValue?: string
  readonly min?: number
  readonly decimals?: number
  readonly mappings?: readonly Mapping[]
  readonly thresholds?: Thresholds
  readonly custom?: { readonly fillOpacity?: number; readonly stacking?: { readonly mode: string } }
}

interface Thresholds {
  readonly steps: ReadonlyArray<{ readonly value: number | null; readonly color: string }>
}

interface Mapping {
  readonly type: string
  readonly options: Readonly<Record<string, { readonly text?: string; readonly color?: string }>>
}

interface Override {
  readonly matcher: { readonly id: string; readonly options: string }
  readonly properties: ReadonlyArray<{ readonly id: string; readonly value: unknown }>
}

interface Organize {
  readonly excludeByName?: Readonly<Record<string, boolean>>
  readonly indexByName?: Readonly<Record<string, number>>
  readonly renameByName?: Readonly<Record<string, string>>
}

export interface PersesPanel {
  readonly plugin: { readonly kind: string; readonly spec: object }
  readonly queries: ReadonlyArray<{ readonly kind: string; readonly spec: Record<string, unknown> }>
  readonly mode: 'range' | 'instant'
}

const COLOURS: Readonly<Record<string, `#${string}`>> = {
  green: '#56a64b',
  red: '#d44a3a',
  orange: '#e0752d',
  yellow: '#d9a406',
  blue: '#3274d9',
  text: '#555555',
}
const colour = (name: string): `#${string}` => COLOURS[name] ?? '#777777'

const UNITS: Readonly<Record<string, object>> = {
  none: { unit: 'decimal', decimalPlaces: 0 },
  short: { unit: 'decimal', shortValues: true },
  s: { unit: 'seconds', decimalPlaces: 1 },
  bytes: { unit: 'bytes', shortValues: true, decimalPlaces: 1 },
  percentunit: { unit: 'percent-decimal', decimalPlaces: 0 },
  reqps: { unit: 'requests/sec', decimalPlaces: 2 },
  currencyUSD: { unit: 'usd', decimalPlaces: 2 },
  bool_yes_no: { unit: 'decimal', decimalPlaces: 0 },
}

/** Throws for a unit that has no counterpart here: a picture must not show a number without its unit. */
function format(unit: string | undefined): object {
  const found = UNITS[unit ?? '']
  if (found === undefined) throw new Error(`no Perses format for the unit ${unit}`)
  return found
}

/** Every variable has all its values, and a rate spans four minutes of our samples. */
const filled = (expr: string, rangeSeconds: number): string =>
  expr
    .replaceAll('$__rate_interval', '4m')
    .replaceAll('$__range', `${rangeSeconds}s`)
    .replaceAll(/\$(source|table|pipeline|receiver)\b/g, '.*')

export function persesPanel(panel: GrafanaPanel, rangeSeconds: number): PersesPanel {
  const queries = (panel.targets ?? []).map(({ expr, legendFormat }) => ({
    kind: 'PrometheusTimeSeriesQuery',
    spec: {
      query: filled(expr, rangeSeconds),
      ...(legendFormat === undefined || legendFormat === '__auto' ? {} : { seriesNameFormat: legendFormat }),
    },
  }))
  const convert = PANELS[panel.type]
  if (convert === undefined) throw new Error(`no Perses panel for the type ${panel.type}`)
  return { ...convert(panel, panel.fieldConfig?.defaults ?? {}), queries }
}

type Converted = Omit<PersesPanel, 'queries'>

const PANELS: Readonly<Record<string, (panel: GrafanaPanel, field: Field) => Converted>> = {
  timeseries: (panel, { unit, custom }) => ({
    mode: 'range',
    plugin: {
      kind: 'TimeSeriesChart',
      spec: {
        legend: { position: 'bottom', mode: 'list', size: 'small' },
        yAxis: { show: true, min: 0, format: format(unit) },
        visual: {
          areaOpacity: (custom?.fillOpacity ?? 0) / 100,
          lineWidth: 1.5,
          stack: custom?.stacking?.mode === 'normal' ? 'all' : 'none',
          palette: { mode: 'categorical' },
        },
        querySettings: (panel.targets ?? []).flatMap(({ legendFormat = '' }, queryIndex) =>
          isLimit(panel, legendFormat) ? [{ queryIndex, lineStyle: 'dashed', areaOpacity: 0 }] : [],
        ),
      },
    },
  }),
  stat: (_, { unit, thresholds, mappings }) => ({
    mode: 'instant',
    plugin: {
      kind: 'StatChart',
      spec: {
        calculation: 'last-number',
        format: format(unit),
        valueFontSize: 36,
        thresholds: stepsOf(thresholds),
        mappings: mappingsOf(unit, mappings),
      },
    },
  }),
  bargauge: (_, { unit }) => ({
    mode: 'instant',
    plugin: {
      kind: 'BarChart',
      spec: { calculation: 'last-number', format: format(unit), sort: 'desc', mode: 'value' },
    },
  }),
  table: (panel, field) => ({ mode: 'instant', plugin: { kind: 'Table', spec: tableOf(panel, field) } }),
}

/** A legend that an override draws dashed. */
const isLimit = ({ fieldConfig }: GrafanaPanel, legend: string): boolean =>
  (fieldConfig?.overrides ?? []).some(
    ({ matcher, properties }) =>
      matcher.id === 'byRegexp' &&
      properties.some(({ id }) => id === 'custom.lineStyle') &&
      new RegExp(matcher.options.replace(/^\/|\/$/g, '')).test(legend),
  )

const stepsOf = (thresholds: Thresholds | undefined): object | undefined => {
  const [first, ...rest] = thresholds?.steps ?? []
  if (first === undefined) return undefined
  return {
    mode: 'absolute',
    defaultColor: colour(first.color),
    steps: rest.map(({ value, color }) => ({ value, color: colour(color) })),
  }
}

const YES_NO: readonly Mapping[] = [{ type: 'value', options: { 0: { text: 'No' }, 1: { text: 'Yes' } } }]

const mappingsOf = (unit: string | undefined, mappings: readonly Mapping[] = []): object[] =>
  [...mappings, ...(unit === 'bool_yes_no' ? YES_NO : [])].flatMap(({ options }) =>
    Object.entries(options).map(([value, { text, color }]) => ({
      kind: 'Value',
      spec: {
        value,
        result: { value: text ?? value, ...(color === undefined ? {} : { color: colour(color) }) },
      },
    })),
  )

function tableOf(panel: GrafanaPanel, field: Field): object {
  const organize = panel.transformations?.find(({ id }) => id === 'organize')?.options ?? {}
  const targets = panel.targets ?? []
  const ordered = Object.entries(organize.indexByName ?? {}).toSorted(([, a], [, b]) => a - b)
  const columns = ordered.map(([name]) => {
    const letter = /^Value #([A-Z])$/.exec(name)?.[1]
    const index = letter === undefined ? 0 : targets.findIndex(({ refId }) => refId === letter)
    const isValue = name.startsWith('Value')
    const header = organize.renameByName?.[name] ?? name
    const unit = unitOf(panel, header) ?? field.unit
    return {
      name: isValue ? (targets.length === 1 ? 'value' : `value #${index + 1}`) : name,
      header,
      enableSorting: false,
      ...(isValue ? { align: 'right', format: format(unit) } : {}),
    }
  })
  return {
    density: 'compact',
    defaultColumnWidth: 'auto',
    columnSettings: [...columns, { name: 'timestamp', hide: true }, ...HIDDEN],
    cellSettings: [],
    transforms: targets.length === 1 ? [] : [{ kind: 'MergeSeries', spec: {} }],
  }
}

const HIDDEN = ['__name__', 'instance', 'job'].map((name) => ({ name, hide: true }))

const unitOf = ({ fieldConfig }: GrafanaPanel, column: string): string | undefined =>
  fieldConfig?.overrides
    ?.find(({ matcher }) => matcher.id === 'byName' && matcher.options === column)
    ?.properties.find(({ id }) => id === 'unit')?.value as string | undefined
