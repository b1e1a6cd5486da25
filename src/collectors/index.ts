// The registry: one line a collector.
import { lake } from './lake/lake.ts'
import { openlineage } from './openlineage/openlineage.ts'
import { push } from './push/push.ts'

export const collectors = [lake, openlineage, push] as const
