// The door: every dashboard by the name of its file under dashboards/.
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { cost } from './cost.ts'
import { delivery } from './delivery.ts'
import { itself } from './itself.ts'
import { overview } from './overview.ts'
import { pipelines } from './pipelines.ts'
import { quality } from './quality.ts'
import { tables } from './tables.ts'

export const dashboards = (): Readonly<Record<string, Dashboard>> => ({
  overview: overview(),
  tables: tables(),
  pipelines: pipelines(),
  quality: quality(),
  cost: cost(),
  delivery: delivery(),
  itself: itself(),
})
