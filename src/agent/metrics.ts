// Every metric of this process in one list: the catalogue's, and those that other parts define about themselves.
import { describe as describeFact, metrics as factMetrics } from '../catalogue/catalogue.ts'
import { expectationMetrics } from '../expect/expect.ts'
import type { MetricInfo } from '../model/series.ts'
import { notifyMetrics } from '../notify/notify.ts'
import { telemetryMetrics } from '../telemetry/telemetry.ts'

const others = [...notifyMetrics, ...telemetryMetrics, ...Object.values(expectationMetrics)]
const more = new Map(others.map((metric) => [metric.name, metric]))

export const metrics: readonly MetricInfo[] = [...factMetrics, ...others].toSorted((a, b) =>
  a.name < b.name ? -1 : 1,
)

/** The definition behind a series name; `_bucket`, `_sum` and `_count` lead to their histogram. */
export const describe = (name: string): MetricInfo | undefined =>
  describeFact(name) ?? more.get(name) ?? more.get(name.replace(/_(bucket|sum|count)$/, ''))
