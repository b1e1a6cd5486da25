// The registry: one line a collector.
import { dbt } from './dbt/dbt.ts'
import { lake } from './lake/lake.ts'
import { openlineage } from './openlineage/openlineage.ts'
import { push } from './push/push.ts'

export const collectors = [dbt, lake, openlineage, push] as const
