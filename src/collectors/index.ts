// The registry: one line a collector.
import { lake } from './lake/lake.ts'

export const collectors = [lake] as const
