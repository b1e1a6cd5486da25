// The block of a cloudwatch source, and what of CloudWatch it selects.
import { z } from 'zod'
import type { MetricName } from '../../io/cloudwatch.ts'
import { Duration } from '../../model/fields.ts'
import { DAY, HOUR, MINUTE, millis } from '../../model/units.ts'
import { BudgetConfig } from './budget.ts'
import { PRESETS, PRESET_NAMES, type Selection } from './presets.ts'

/** CloudWatch keeps minutes for fifteen days. */
export const LONGEST_HISTORY = millis(14 * DAY)
const STATISTIC = /^(Average|Sum|Minimum|Maximum|SampleCount|p\d{1,2}(\.\d{1,2})?)$/

const Period = Duration(MINUTE).refine(
  (period) => period % MINUTE === 0 && period <= DAY,
  'expected whole minutes, at most a day',
)

const Own = z.strictObject({
  namespace: z.string().min(1).max(255).describe("CloudWatch's namespace, such as `Custom/Jobs`."),
  metrics: z.array(z.string().min(1)).min(1).max(100).describe('Globs on names of metrics.'),
  dimensions: z
    .record(z.string(), z.string())
    .prefault({})
    .describe('Only metrics that have these dimensions; `*` stands for any value.'),
  statistics: z
    .array(z.string().regex(STATISTIC, 'expected Average, Sum, Minimum, Maximum, SampleCount or p99'))
    .min(1)
    .max(5)
    .prefault(['Average']),
  period: Period.prefault('5m'),
})

const Root = z.string().min(1).max(200)

export const CloudWatchConfig = z.strictObject({
  region: z.string().min(1).optional().describe('AWS region; the standard AWS environment is the default.'),
  endpoint: z.url().optional().describe('Another CloudWatch endpoint than that of the AWS region.'),
  pipelines: z
    .union([z.boolean(), Root])
    .prefault(true)
    .describe(
      'The namespace in which pipelines write RecordsProcessed, RecordsFailed, DataSizeBytes, ExecutionTime, PipelineSuccess and PipelineFailure; true is `DataPipeline`, false none.',
    ),
  history: Duration(HOUR)
    .refine((history) => history <= LONGEST_HISTORY, 'expected at most 14d: CloudWatch keeps no more')
    .prefault('1d')
    .describe('How far back runs are read when it is first connected, and once a day.'),
  presets: z
    .array(z.enum(PRESET_NAMES))
    .prefault([])
    .describe('AWS services whose hosts, jobs, streams and functions are watched.'),
  metrics: z.array(Own).max(100).prefault([]).describe('Further metrics that are watched.'),
  instance_types: z
    .record(z.string(), z.string())
    .prefault({})
    .describe('Instance id → its type, where the CloudWatch agent does not tell it.'),
  budget: BudgetConfig,
})
export type CloudWatchConfig = z.output<typeof CloudWatchConfig>

/** Presets, and what the user names. */
export const selectionsOf = ({ presets, metrics }: CloudWatchConfig): Selection[] => [
  ...presets.flatMap((preset): readonly Selection[] => PRESETS[preset]),
  ...metrics.map((own): Selection => ({
    service: own.namespace,
    namespace: own.namespace,
    period: own.period,
    metrics: own.metrics.flatMap((metric) =>
      own.statistics.map((statistic) => ({ metric, statistic, unit: '' })),
    ),
    resourceOf: (dimensions) => (hasAll(dimensions, own.dimensions) ? spelledOut(dimensions) : null),
  })),
]

const hasAll = (dimensions: MetricName['dimensions'], wanted: Readonly<Record<string, string>>): boolean =>
  Object.entries(wanted).every(([name, value]) =>
    value === '*' ? dimensions[name] !== undefined : dimensions[name] === value,
  )

const spelledOut = (dimensions: MetricName['dimensions']): string =>
  Object.entries(dimensions)
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
    .join(',') || '(none)'
