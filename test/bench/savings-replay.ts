// Ninety days of one bucket under what was decided on day 60: every quantity that a meter counts, and reads that fail.
import type { MeterEvent } from '../../src/bill/bill.ts'
import { FROZEN_DAY, HISTORY_DAYS, type Truth, readShare } from './savings-world.ts'

export interface Deed {
  /** Data older than `days` moves; several steps are a staircase. */
  readonly tier?: ReadonlyArray<{ readonly to: string; readonly days: number }>
  readonly vacuum?: true
  readonly abortUploads?: true
  readonly expireNoncurrent?: true
  readonly compact?: true
  /** What is written from now on comes in files of a good size. */
  readonly fixWriter?: true
}

export interface Outcome {
  readonly events: readonly MeterEvent[]
  /** Reads that found data out of reach. */
  readonly broken: number
}

const DAYS = 90
const STEP = 5
const ASYNCHRONOUS = new Set(['GLACIER', 'DEEP_ARCHIVE'])
const LEAST_STAY: Readonly<Record<string, number>> = {
  STANDARD_IA: 30,
  GLACIER_IR: 90,
  GLACIER: 90,
  DEEP_ARCHIVE: 180,
}
/** What a rewrite really costs a GiB: DPU-hours. Drawn apart from what the advisor believes (0.018). */
const REWRITE_DPU_HOURS = 0.014

interface Cohort {
  readonly born: number
  storageClass: string
  idle: number
}

export function replay(truth: Truth, deed: Deed): Outcome {
  const sums = new Map<string, number>()
  const count = (meter: string, quantity: number): void =>
    void sums.set(meter, (sums.get(meter) ?? 0) + quantity)
  const size = truth.daily * STEP
  const start: string = truth.tiered ? 'INTELLIGENT_TIERING' : 'STANDARD'
  const cohorts: Cohort[] = []
  for (let born = FROZEN_DAY - HISTORY_DAYS; born < FROZEN_DAY; born += STEP)
    cohorts.push({ born, storageClass: start, idle: idleOf(truth, born) })
  const good = Math.min(1_024, Math.max(truth.fileMib, truth.daily * 1_024))
  const fileMib = deed.compact ? good : truth.fileMib
  if (deed.compact) {
    const all = truth.daily * HISTORY_DAYS
    count('glue.dpu', all * REWRITE_DPU_HOURS)
    count('s3.STANDARD.storage', (all * 7) / 30)
    count('s3.STANDARD.put', all / 1_000)
  }
  let broken = 0
  for (let day = FROZEN_DAY; day < FROZEN_DAY + DAYS; day += STEP) {
    cohorts.push({ born: day, storageClass: start, idle: 0 })
    for (const cohort of cohorts) {
      const age = day - cohort.born
      // What comes after a rewrite is small again: one compaction is no writer fix.
      const mib = cohort.born < FROZEN_DAY ? fileMib : deed.fixWriter ? good : truth.fileMib
      const files = (size * 1_024) / mib
      move(cohort, age, deed, files, count)
      let read = 0
      for (let i = 0; i < STEP; i++) read += readShare(truth, age + i, day + i)
      if (read > 0 && ASYNCHRONOUS.has(cohort.storageClass)) broken += 1
      cohort.idle = read > 0.05 ? 0 : cohort.idle + STEP
      bill(cohort, size, files, read, truth, count)
    }
    leftovers(truth, deed, day, count)
  }
  const events = [...sums].map(([meter, quantity]) => ({
    month: '2026-06-01',
    region: 'us-east-1',
    resource: truth.name,
    meter,
    quantity,
  }))
  return { events, broken }
}

const idleOf = (truth: Truth, born: number): number => {
  let idle = 0
  for (let day = FROZEN_DAY - 1; day >= 0 && readShare(truth, day - born, day) <= 0.01; day--) idle += 1
  return idle
}

type Count = (meter: string, quantity: number) => void

function move(cohort: Cohort, age: number, deed: Deed, files: number, count: Count): void {
  const due = deed.tier?.findLast(({ days }) => age >= days)
  if (due === undefined || due.to === cohort.storageClass) return
  count(`s3.${due.to}.transition`, files / 1_000)
  cohort.storageClass = due.to
  // Intelligent-Tiering starts to watch when an object arrives.
  if (due.to === 'INTELLIGENT_TIERING') cohort.idle = 0
}

function bill(cohort: Cohort, size: number, files: number, read: number, truth: Truth, count: Count): void {
  const { storageClass, idle } = cohort
  const months = STEP / 30
  const tier =
    storageClass !== 'INTELLIGENT_TIERING'
      ? 'storage'
      : idle >= 90
        ? 'storage-archive-instant'
        : idle >= 30
          ? 'storage-infrequent'
          : 'storage'
  const least = LEAST_STAY[storageClass] === undefined ? 0 : (files * 128) / 1_048_576
  count(`s3.${storageClass}.${tier}`, Math.max(size, least) * months)
  if (storageClass === 'INTELLIGENT_TIERING') count(`s3.${storageClass}.monitoring`, (files / 1_000) * months)
  if (read === 0) return
  count(`s3.${storageClass}.get`, (files * read * 3) / 1_000)
  count(`s3.${storageClass}.retrieval`, size * read)
  count('emr-serverless.vcpu', (files * read * truth.open) / 3_600)
}

function leftovers(truth: Truth, deed: Deed, day: number, count: Count): void {
  const months = STEP / 30
  // On a versioned bucket what VACUUM deletes stays, as an old version, until a rule ends it.
  const garbage =
    deed.vacuum && (!truth.versioned || (deed.expireNoncurrent && day > FROZEN_DAY + 30)) ? 0 : truth.garbage
  const noncurrent = deed.expireNoncurrent ? truth.noncurrent * (1 - truth.noncurrentOld) : truth.noncurrent
  const uploads = deed.abortUploads ? 0 : truth.uploads
  count('s3.STANDARD.storage', (garbage + noncurrent + uploads) * months)
}
