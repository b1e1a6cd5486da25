// One dashboard drawn with Perses's panels in Grafana's grid; `data-drawn` on the body says that no query is under way.
import { ThemeProvider } from '@mui/material'
import { ChartsProvider, SnackbarProvider, generateChartsTheme, getTheme } from '@perses-dev/components'
import { DatasourceStoreProvider, Panel, VariableProvider } from '@perses-dev/dashboards'
import {
  DataQueriesProvider,
  PluginRegistry,
  TimeRangeProvider,
  ValidationProvider,
  dynamicImportPluginLoader,
} from '@perses-dev/plugin-system'
import * as barChart from '@perses-dev/bar-chart-plugin'
import * as prometheus from '@perses-dev/prometheus-plugin'
import * as statChart from '@perses-dev/stat-chart-plugin'
import * as table from '@perses-dev/table-plugin'
import * as timeSeries from '@perses-dev/timeseries-chart-plugin'
import { QueryClient, QueryClientProvider, useIsFetching } from '@tanstack/react-query'
import { useEffect } from 'react'
import { createRoot } from 'react-dom/client'
import { type GrafanaPanel, persesPanel } from './panels.ts'

interface Dashboard {
  readonly title: string
  readonly description: string
  readonly panels: readonly GrafanaPanel[]
}

const ROW_PX = 36
const GAP_PX = 8

const params = new URLSearchParams(location.search)
const from = new Date(Number(params.get('from')) * 1000)
const to = new Date(Number(params.get('to')) * 1000)
const range = { start: from, end: to }
const dashboard = (await (await fetch(`/${params.get('dashboard')}.json`)).json()) as Dashboard

const theme = getTheme('light')
const chartsTheme = generateChartsTheme(theme, {})
const plugins = dynamicImportPluginLoader(
  [prometheus, timeSeries, statChart, table, barChart].map((plugin) => ({
    resource: plugin.getPluginModule(),
    importPlugin: async () => plugin,
  })),
)
const datasource = {
  kind: 'PrometheusDatasource',
  spec: { directUrl: params.get('prometheus') ?? '', scrapeInterval: '1m' },
}
const datasources = {
  getDatasource: async () => undefined,
  getGlobalDatasource: async () => ({
    kind: 'GlobalDatasource',
    metadata: { name: 'prometheus' },
    spec: { default: true, plugin: datasource },
  }),
  listDatasources: async () => [],
  listGlobalDatasources: async () => [],
  buildProxyUrl: () => params.get('prometheus') ?? '',
}
const resource = {
  kind: 'Dashboard',
  metadata: { name: 'drawn', project: 'tidemark', version: 0 },
  spec: {
    panels: {},
    layouts: [],
    variables: [],
    duration: '2h',
    datasources: { prometheus: { default: true, plugin: datasource } },
  },
}
const client = new QueryClient({ defaultOptions: { queries: { refetchOnWindowFocus: false, retry: 0 } } })

function Drawn({ panel }: { readonly panel: GrafanaPanel }) {
  const { x, y, w, h } = panel.gridPos
  const place = {
    gridColumn: `${x + 1} / span ${w}`,
    gridRow: `${y + 1} / span ${h}`,
    minWidth: 0,
  }
  if (panel.type === 'row')
    return <h3 style={{ ...place, margin: '6px 2px', fontSize: 15 }}>{panel.title}</h3>
  const { plugin, queries, mode } = persesPanel(panel, (to.getTime() - from.getTime()) / 1000)
  const definition = { kind: 'Panel', spec: { display: { name: panel.title }, plugin } }
  return (
    <div style={place}>
      <DataQueriesProvider definitions={[...queries]} options={{ mode, suggestedStepMs: 60_000 }}>
        <Panel definition={definition as never} sx={{ height: '100%' }} />
      </DataQueriesProvider>
    </div>
  )
}

function Page() {
  const fetching = useIsFetching()
  useEffect(() => {
    const wait = setTimeout(() => (document.body.dataset['drawn'] = String(fetching === 0)), 500)
    return () => clearTimeout(wait)
  }, [fetching])
  return (
    <main style={{ padding: 16 }}>
      <h2 style={{ margin: 0, fontSize: 20 }}>{dashboard.title}</h2>
      <p style={{ margin: '2px 0 10px', color: '#666' }}>{dashboard.description}</p>
      <div
        style={{
          display: 'grid',
          gridTemplateColumns: 'repeat(24, 1fr)',
          gridAutoRows: ROW_PX - GAP_PX,
          gap: GAP_PX,
        }}
      >
        {dashboard.panels.map((panel) => (
          <Drawn key={panel.id} panel={panel} />
        ))}
      </div>
    </main>
  )
}

createRoot(document.getElementById('root')!).render(
  <ThemeProvider theme={theme}>
    <ChartsProvider chartsTheme={chartsTheme}>
      <SnackbarProvider>
        <PluginRegistry
          pluginLoader={plugins}
          defaultPluginKinds={{ Panel: 'TimeSeriesChart', TimeSeriesQuery: 'PrometheusTimeSeriesQuery' }}
        >
          <ValidationProvider>
            <QueryClientProvider client={client}>
              <TimeRangeProvider
                timeRange={range}
                refreshInterval="0s"
                setTimeRange={() => undefined}
                setRefreshInterval={() => undefined}
              >
                <VariableProvider>
                  <DatasourceStoreProvider
                    dashboardResource={resource as never}
                    datasourceApi={datasources as never}
                  >
                    <Page />
                  </DatasourceStoreProvider>
                </VariableProvider>
              </TimeRangeProvider>
            </QueryClientProvider>
          </ValidationProvider>
        </PluginRegistry>
      </SnackbarProvider>
    </ChartsProvider>
  </ThemeProvider>,
)
