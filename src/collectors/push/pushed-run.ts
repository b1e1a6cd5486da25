// What a pushed run looks like: strict, so that a misspelt field is said and not lost.
import { z } from 'zod'
import { datasetOf } from '../../model/dataset.ts'
import { bytes, timestamp } from '../../model/units.ts'

const TEXT = 300
const ERROR_TEXT = 10_000
const LABELS = 30
const DATASETS = 200
/** Epoch numbers below this are seconds, above it milliseconds: the year 5138, or March 1973. */
const SECONDS_BELOW = 1e11

const Name = z
  .string()
  .trim()
  .min(1)
  .max(TEXT)
  .regex(/^[^\p{Cc}\p{Cf}]*$/u, 'expected no control or invisible characters')

const Time = z.union([z.string(), z.number()]).transform((value, context) => {
  const ms = typeof value === 'number' ? (value < SECONDS_BELOW ? value * 1_000 : value) : parseTime(value)
  if (Number.isFinite(ms) && ms > 0) return timestamp(Math.round(ms))
  context.issues.push({
    code: 'custom',
    input: value,
    message: `expected a time such as 2026-11-22T07:00:00Z or seconds since 1970, found ${JSON.stringify(value)}`,
  })
  return z.NEVER
})

/** ISO 8601; without a zone it is UTC. */
function parseTime(text: string): number {
  if (/^\d{9,13}(\.\d+)?$/.test(text))
    return Number(text) < SECONDS_BELOW ? Number(text) * 1_000 : Number(text)
  if (!/^\d{4}-\d\d-\d\d/.test(text)) return NaN
  const zoned = /(?:Z|[+-]\d\d:?\d\d)$/i.test(text) || !text.includes(':') ? text : `${text}Z`
  return Date.parse(zoned.replace(' ', 'T'))
}

const Count = z.number().nonnegative()
const Dataset = z
  .string()
  .max(1_000)
  .transform((uri, context) => {
    const dataset = datasetOf(uri)
    if (dataset !== undefined) return dataset
    context.issues.push({
      code: 'custom',
      input: uri,
      message: 'expected a dataset such as s3://lake/gold/orders or postgres://db:5432/shop.public.orders',
    })
    return z.NEVER
  })
const Datasets = z.array(Dataset).max(DATASETS).prefault([])

export const PushedRun = z
  .strictObject({
    pipeline: Name,
    run_id: Name.optional(),
    /** Another word for run_id. */
    execution_id: Name.optional(),
    status: Name.optional(),
    start: Time.optional(),
    end: Time.optional(),
    scheduled: Time.optional(),
    records_processed: Count.optional(),
    records_failed: Count.optional(),
    bytes: Count.transform((count) => bytes(count)).optional(),
    error: z
      .string()
      .transform((text) => text.slice(0, ERROR_TEXT))
      .optional(),
    trigger: z.enum(['schedule', 'manual', 'backfill', 'event']).optional(),
    attempt: z.int().min(1).max(10_000).optional(),
    labels: z
      .record(Name, z.union([z.string().max(TEXT), z.number(), z.boolean()]).transform(String))
      .refine((labels) => Object.keys(labels).length <= LABELS, `expected at most ${LABELS} labels`)
      .prefault({}),
    url: z.url().max(2_000).optional(),
    owner: Name.optional(),
    tags: z.array(Name).max(LABELS).prefault([]),
    inputs: Datasets,
    outputs: Datasets,
  })
  .superRefine((run, context) => {
    if (run.end !== undefined && run.start !== undefined && run.end < run.start) {
      context.addIssue({
        code: 'custom',
        path: ['end'],
        message: 'expected an end that is not before the start',
      })
    }
    if (run.run_id === undefined && run.execution_id === undefined && run.start === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['run_id'],
        message: 'expected run_id (or execution_id), or a start: the end of a run must name the run it ends',
      })
    }
  })
export type PushedRun = z.output<typeof PushedRun>
