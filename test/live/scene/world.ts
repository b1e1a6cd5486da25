// What happens in the two hours: runs that succeed, fail and hang, tables that change, stop and break, checks, Spark
// applications, a source that refuses, a receiver that is down.
import fs from 'node:fs'
import path from 'node:path'
import { GIB, HOUR, MINUTE, type Timestamp, timestamp } from '../../../src/model/units.ts'
import { commit } from '../../collectors/lake/small-lake.ts'
import { AN_APPLICATION, type AnApplication, START, logText } from '../../formats/spark/a-log.ts'
import type { Answer } from './http-server.ts'

const root = path.resolve(import.meta.dirname, '../../..')
const RECORDED_CHECKS = 'test/collectors/great-expectations/recorded/gx1/orders/quality/__none__'

export const LENGTH = 2 * HOUR

/** Minutes of the two hours in which something does not work. */
const AIRFLOW_REFUSES = [64, 84] as const
const CHAT_IS_DOWN = [56, 76] as const
const TABLE_IS_BROKEN = [70, 112] as const
const LATE_SINCE = 30

export interface Place {
  /** Holds lake/, gx/, spark/ and bill/. */
  readonly folder: string
  readonly from: Timestamp
  /** POSTs to the daemon. */
  readonly tell: (route: string, body: unknown) => Promise<void>
}

const within = ([first, last]: readonly [number, number], minute: number): boolean =>
  minute >= first && minute < last
const minuteOf = (from: Timestamp, now: Timestamp): number => (now - from) / MINUTE

export const airflowRefuses = (from: Timestamp, now: Timestamp): boolean =>
  within(AIRFLOW_REFUSES, minuteOf(from, now))

/** `/oncall` takes all, `/chat` is down for a while, `/ticket` never takes anything. */
export function receiverAnswers(route: string, from: Timestamp, now: Timestamp): Answer {
  if (route === '/ticket') return { status: 400 }
  return { status: route === '/chat' && within(CHAT_IS_DOWN, minuteOf(from, now)) ? 503 : 200 }
}

export function prepare(folder: string, from: Timestamp): void {
  fs.cpSync(path.join(root, 'examples/lake'), path.join(folder, 'lake'), { recursive: true })
  for (const name of ['gx', 'spark', 'bill']) fs.mkdirSync(path.join(folder, name))
  const bill = path.join(folder, 'bill/export.csv')
  fs.writeFileSync(bill, billOf(from))
  fs.utimesSync(bill, from / 1000, from / 1000)
  for (const table of ['orders', 'returns', 'stock'])
    commit(path.join(folder, 'lake/shop', table), 0, timestamp(from - 5 * MINUTE), 10_000)
}

/** Two months of a bill, in FOCUS columns. */
function billOf(now: Timestamp): string {
  const head =
    'BillingCurrency,BilledCost,ChargePeriodStart,ChargeCategory,EffectiveCost,ListCost,ServiceName,x_ServiceCode,RegionId,ResourceId,x_UsageType,PricingQuantity,PricingUnit'
  const day = new Date(now)
  const rows = [1, 0].flatMap((back) => {
    const start = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() - back, 1)).toISOString()
    const part = back === 1 ? 1 : 0.7
    const row = (cost: number, effective: number, about: string) =>
      `USD,${cost * part},${start},Usage,${effective * part},${cost * part},${about}`
    return [
      row(
        310,
        310,
        'Amazon Simple Storage Service,AmazonS3,us-east-1,arn:aws:s3:::company-lake,TimedStorage-ByteHrs,13000,GB-Mo',
      ),
      row(190, 140, 'Amazon Elastic Compute Cloud,AmazonEC2,us-east-1,i-0abc,BoxUsage:m5.xlarge,990,Hrs'),
      row(58, 58, 'Amazon Elastic MapReduce,ElasticMapReduce,us-east-1,j-1,BoxUsage:m5.xlarge,990,Hrs'),
    ]
  })
  return [head, ...rows, ''].join('\n')
}

/** What happens in one minute, counted from 0. */
export async function happens(place: Place, minute: number): Promise<void> {
  const now = timestamp(place.from + minute * MINUTE)
  const runs = [...clickstream(minute, now), ...crmExport(minute, now), ...oneOff(minute, now)]
  if (runs.length > 0) await place.tell('/api/v1/runs', runs)
  changeTables(place.folder, minute, now)
  if (minute % 30 === 1) leaveChecks(place.folder, minute, now)
  if (minute % 35 === 8) leaveApplications(place.folder, minute, now)
  if (minute === 12) {
    const matchers = [{ name: 'table', value: 'bronze/.+', isRegex: true, isEqual: true }]
    const times = { startsAt: iso(now), endsAt: iso(now + 12 * HOUR) }
    await place.tell('/api/v2/silences', {
      matchers,
      ...times,
      createdBy: 'ada',
      comment: 'bronze is rebuilt',
    })
  }
}

const iso = (at: number): string => new Date(at).toISOString()

type Run = Readonly<Record<string, unknown>>

/** Every five minutes, three minutes long; fails around minute 40, loses records around minute 60. */
function clickstream(minute: number, now: Timestamp): Run[] {
  const number = Math.floor(minute / 5)
  const run = { pipeline: 'ingest_clickstream', run_id: `c${number}`, owner: 'web' }
  if (minute % 5 === 0) return [{ ...run, start: iso(now), status: 'running' }]
  if (minute % 5 !== 3) return []
  const fails = number >= 8 && number <= 10
  const processed = Math.round(120_000 + 40_000 * Math.sin(number / 3))
  return [
    {
      ...run,
      end: iso(now + (number % 4) * 10_000),
      status: fails ? 'failed' : 'success',
      ...(fails ? { error: 'Kafka: topic clicks has no leader' } : {}),
      records_processed: fails ? 0 : processed,
      records_failed: number >= 12 && number <= 15 ? Math.round(processed / 20) : number,
      bytes: fails ? 0 : processed * 900,
    },
  ]
}

/** Every quarter of an hour; starts late now and then, takes much longer once. */
function crmExport(minute: number, now: Timestamp): Run[] {
  const number = Math.floor(minute / 15)
  const length = number === 5 ? 13 : 5
  const run = { pipeline: 'export_crm', run_id: `x${number}`, trigger: 'schedule', owner: 'sales' }
  if (minute % 15 === 1) {
    const scheduled = iso(now - (number % 3) * 20_000 - MINUTE / 2)
    return [{ ...run, scheduled, start: iso(now), status: 'running' }]
  }
  if (minute % 15 !== 1 + length) return []
  return [
    { ...run, end: iso(now), status: 'success', records_processed: 4_000 + number * 50, bytes: 9_000_000 },
  ]
}

/** A success that is not repeated, and a run that does not end. */
function oneOff(minute: number, now: Timestamp): Run[] {
  if (minute === 4)
    return [
      {
        pipeline: 'nightly_close',
        run_id: 'n1',
        start: iso(now - 4 * MINUTE),
        end: iso(now),
        status: 'success',
      },
    ]
  if (minute === 50) return [{ pipeline: 'train_model', run_id: 't1', start: iso(now), status: 'running' }]
  return []
}

/** `orders` goes on and once changes its schema, `returns` stops, `stock` cannot be read for a while. */
function changeTables(folder: string, minute: number, now: Timestamp): void {
  const table = (name: string) => path.join(folder, 'lake/shop', name)
  if (minute % 4 === 0) commit(table('orders'), versionsOf(table('orders')), now, 800 + 10 * minute)
  if (minute % 10 === 0 && minute > 0 && minute < LATE_SINCE)
    commit(table('returns'), versionsOf(table('returns')), now, 50)
  if (minute === 86) changeSchema(table('orders'), now)
  const broken = path.join(table('stock'), '_delta_log', `${'1'.padStart(20, '0')}.json`)
  if (minute === TABLE_IS_BROKEN[0]) fs.writeFileSync(broken, '{"add": {not json\n')
  if (minute === TABLE_IS_BROKEN[1]) fs.rmSync(broken)
}

const versionsOf = (table: string): number => fs.readdirSync(path.join(table, '_delta_log')).length

/** The next version of a table says that it has another column. */
function changeSchema(table: string, now: Timestamp): void {
  const log = path.join(table, '_delta_log')
  const first = fs.readFileSync(path.join(log, `${'0'.padStart(20, '0')}.json`), 'utf8')
  const { metaData } = first
    .split('\n')
    .filter((line) => line.includes('"metaData"'))
    .map((line) => JSON.parse(line) as { metaData: { schemaString: string } })[0]!
  const schema = JSON.parse(metaData.schemaString) as { fields: object[] }
  schema.fields.push({ name: 'coupon', type: 'string', nullable: true, metadata: {} })
  const actions = [
    { commitInfo: { timestamp: now, operation: 'ADD COLUMNS' } },
    { metaData: { ...metaData, schemaString: JSON.stringify(schema) } },
  ]
  const file = path.join(log, `${String(versionsOf(table)).padStart(20, '0')}.json`)
  fs.writeFileSync(file, `${actions.map((action) => JSON.stringify(action)).join('\n')}\n`)
}

interface Validation {
  meta: { run_id: { run_time: string }; validation_time?: string }
  results: Array<{ success: boolean; exception_info: object }>
}

/** What Great Expectations left behind once, later and with other results: at first all pass, in the end as recorded. */
function leaveChecks(folder: string, minute: number, now: Timestamp): void {
  const [file] = fs.globSync(path.join(root, RECORDED_CHECKS, '*/*.json'))
  const validation = JSON.parse(fs.readFileSync(file!, 'utf8')) as Validation
  validation.meta.run_id.run_time = iso(now)
  validation.meta.validation_time = iso(now)
  const passes = 4 - Math.floor(minute / 30)
  validation.results.slice(0, passes).forEach((result) => {
    result.success = true
    result.exception_info = {}
  })
  const run = path.join(folder, 'gx/orders/quality/__none__', iso(now).replaceAll(/[-:]/g, ''))
  fs.mkdirSync(run, { recursive: true })
  fs.writeFileSync(path.join(run, 'shop-orders.json'), JSON.stringify(validation))
}

const TIMES = new Set(['at', 'until', 'launch', 'length'])
const stretched = (factor: number): AnApplication =>
  JSON.parse(JSON.stringify(AN_APPLICATION), (key, value: unknown) =>
    TIMES.has(key) && typeof value === 'number' ? value * factor : value,
  ) as AnApplication

/** Two applications that ended just now: one makes good use of its cores, one mostly waits for one long task. */
function leaveApplications(folder: string, minute: number, now: Timestamp): void {
  for (const [name, factor] of [
    ['orders_rollup', 4],
    ['sessionise', 12],
  ] as const) {
    const end = 60_000 * factor
    const spilled = { 'Memory Bytes Spilled': GIB / 64, 'Disk Bytes Spilled': GIB / 64 }
    const application = stretched(factor)
    const jobs = application.jobs!.map((job) => ({
      ...job,
      stages: job.stages.map((stage) => ({
        ...stage,
        tasks: stage.tasks.map((task) => ({
          ...task,
          metrics: {
            ...spilled,
            'Executor CPU Time': task.length * 700_000,
            'JVM GC Time': Math.round(task.length / 20),
            'Input Metrics': { 'Bytes Read': GIB, 'Records Read': 1_000 },
          },
        })),
      })),
    }))
    const text = logText({ ...application, jobs, id: `${name}-${minute}`, name, end })
    const began = now - end
    const moved = text.replaceAll(/\b17723\d{8}\b/g, (at) => String(Number(at) - START + began))
    fs.writeFileSync(path.join(folder, 'spark', `${name}-${minute}`), moved)
  }
}
