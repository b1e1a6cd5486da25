// The registry: one line an advisor.
import type { Advisor } from './advisor.ts'

export const advisors: readonly Advisor[] = []
