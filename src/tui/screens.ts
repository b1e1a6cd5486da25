// Every screen, in the order of its number; a new one is one line here.
import type { Screen } from './screen.ts'
import { logsScreen } from './screens/logs.ts'
import { tablesScreen } from './screens/tables.ts'

export const SCREENS: readonly Screen[] = [tablesScreen, logsScreen]

export const TABS = SCREENS.filter(({ tab }) => tab)

export const screenOf = (name: string): Screen | undefined => SCREENS.find((screen) => screen.name === name)
