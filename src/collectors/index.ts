// The registry: one line a collector.
import { lake } from './lake/lake.ts'
import { push } from './push/push.ts'

export const collectors = [lake, push] as const
