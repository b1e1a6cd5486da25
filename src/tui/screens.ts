// Every screen, in the order of its number; a new one is one line here.
import type { Screen } from './screen.ts'
import { advicePage, adviceScreen } from './screens/advice.ts'
import { alertsScreen } from './screens/alerts.ts'
import { changesScreen } from './screens/changes.ts'
import { checksScreen } from './screens/checks.ts'
import { explainPage } from './screens/explain.ts'
import { downstreamScreen, upstreamScreen } from './screens/lineage.ts'
import { logsScreen } from './screens/logs.ts'
import { overviewScreen } from './screens/overview.ts'
import { pipelinePage } from './screens/pipeline.ts'
import { pipelinesScreen } from './screens/pipelines.ts'
import { rulePage, rulesScreen } from './screens/rules.ts'
import { runPage } from './screens/run.ts'
import { runsScreen } from './screens/runs.ts'
import { silencesScreen } from './screens/silences.ts'
import { sourcePage, sourcesScreen } from './screens/sources.ts'
import { tablePage } from './screens/table.ts'
import { tablesScreen } from './screens/tables.ts'

export const SCREENS: readonly Screen[] = [
  overviewScreen,
  tablesScreen,
  pipelinesScreen,
  runsScreen,
  checksScreen,
  alertsScreen,
  adviceScreen,
  sourcesScreen,
  silencesScreen,
  rulesScreen,
  logsScreen,
  tablePage,
  advicePage,
  pipelinePage,
  runPage,
  upstreamScreen,
  downstreamScreen,
  changesScreen,
  explainPage,
  sourcePage,
  rulePage,
]

export const TABS = SCREENS.filter(({ tab }) => tab)

export const screenOf = (name: string): Screen | undefined => SCREENS.find((screen) => screen.name === name)
