// The registry: one line an advisor.
import type { Advisor } from './advisor.ts'
import { layout } from './layout/layout.ts'
import { lifecycle } from './lifecycle/lifecycle.ts'

export const advisors: readonly Advisor[] = [layout, lifecycle]
