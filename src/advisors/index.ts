// The registry: one line an advisor.
import type { Advisor } from './advisor.ts'
import { layout } from './layout/layout.ts'

export const advisors: readonly Advisor[] = [layout]
