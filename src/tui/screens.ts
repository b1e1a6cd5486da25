// Every screen, in the order of its number; a new one is one line here.
import type { Screen } from './screen.ts'
import { alertsScreen } from './screens/alerts.ts'
import { changesScreen } from './screens/changes.ts'
import { checksScreen } from './screens/checks.ts'
import { explainPage } from './screens/explain.ts'
import { logsScreen } from './screens/logs.ts'
import { overviewScreen } from './screens/overview.ts'
import { rulePage, rulesScreen } from './screens/rules.ts'
import { silencesScreen } from './screens/silences.ts'
import { sourcePage, sourcesScreen } from './screens/sources.ts'
import { tablePage } from './screens/table.ts'
import { tablesScreen } from './screens/tables.ts'

export const SCREENS: readonly Screen[] = [
  overviewScreen,
  tablesScreen,
  checksScreen,
  alertsScreen,
  sourcesScreen,
  silencesScreen,
  rulesScreen,
  logsScreen,
  tablePage,
  changesScreen,
  explainPage,
  sourcePage,
  rulePage,
]

export const TABS = SCREENS.filter(({ tab }) => tab)

export const screenOf = (name: string): Screen | undefined => SCREENS.find((screen) => screen.name === name)
