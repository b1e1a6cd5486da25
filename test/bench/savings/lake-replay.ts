// Ninety days of one bucket under what was decided on day 60: every quantity that a meter counts, and reads that fail.
import type { MeterEvent } from '../../../src/bill/bill.ts'
import { FROZEN_DAY, HISTORY_DAYS, type Lake, type ReadHistory, readHistory } from './lake-world.ts'
import { Meters } from './meters.ts'

export interface LakeDeed {
  /** Data that was written `days` ago moves; several steps are a staircase. */
  readonly tier?: ReadonlyArray<{ readonly to: string; readonly days: number }>
  readonly vacuum?: true
  readonly abortUploads?: true
  readonly expireNoncurrent?: true
  readonly compact?: true
  /** What is written from now on comes in files of a good size. */
  readonly fixWriter?: true
}

export interface LakeOutcome {
  readonly events: readonly MeterEvent[]
  /** Reads that found data out of reach. */
  readonly broken: number
}

export const REPLAY_DAYS = 90
/** Days of data that are followed together, and days that are billed at once. */
const STEP = 5
const ASYNCHRONOUS = new Set(['GLACIER', 'DEEP_ARCHIVE'])
/** Billed as if they were at least this large. */
const LEAST_KIB: Readonly<Record<string, number>> = { STANDARD_IA: 128, GLACIER_IR: 128, ONEZONE_IA: 128 }
/** What a rewrite really costs a GiB: DPU-hours. Drawn apart from what the advisor believes (0.018). */
const REWRITE_DPU_HOURS = 0.014
const GETS_A_FILE = 3

interface Cohort {
  /** Day of its data, and the day on which its files were written: a rewrite makes them new. */
  readonly born: number
  readonly written: number
  readonly mib: number
  storageClass: string
  /** Intelligent-Tiering watches since. */
  since: number
}

/** GiB by tier of Intelligent-Tiering, objects that it watches, files that are opened; and the classes without tiers. */
interface Counts {
  frequent: number
  infrequent: number
  instant: number
  watched: number
  reads: number
  readonly plain: Record<string, { stored: number; opened: number; read: number }>
}

export class LakeReplay {
  readonly #lake: Lake
  readonly #history: ReadHistory

  constructor(lake: Lake) {
    this.#lake = lake
    this.#history = readHistory(lake)
  }

  play(deed: LakeDeed): LakeOutcome {
    const lake = this.#lake
    const meters = new Meters(lake.name)
    const good = Math.min(1_024, Math.max(lake.fileMib, lake.daily * 1_024))
    const start = lake.tiered ? 'INTELLIGENT_TIERING' : 'STANDARD'
    const cohorts: Cohort[] = []
    for (let born = FROZEN_DAY - HISTORY_DAYS; born < FROZEN_DAY; born += STEP) {
      const files = deed.compact ? { written: FROZEN_DAY, mib: good } : { written: born, mib: lake.fileMib }
      cohorts.push({ born, storageClass: start, since: born, ...files })
    }
    if (deed.compact) {
      const all = lake.daily * HISTORY_DAYS
      meters.count(FROZEN_DAY, 'glue.dpu', all * REWRITE_DPU_HOURS)
      meters.count(FROZEN_DAY, 's3.STANDARD.storage', (all * 7) / 30)
      meters.count(FROZEN_DAY, 's3.STANDARD.put', all / 1_000)
    }
    let broken = 0
    for (let day = FROZEN_DAY; day < FROZEN_DAY + REPLAY_DAYS; day += STEP) {
      // What comes after a rewrite is small again: one compaction is no writer fix.
      const mib = deed.fixWriter ? good : lake.fileMib
      cohorts.push({ born: day, written: day, mib, storageClass: start, since: day })
      const counts: Counts = { frequent: 0, infrequent: 0, instant: 0, watched: 0, reads: 0, plain: {} }
      for (const cohort of cohorts) {
        this.#move(cohort, day, deed, meters)
        const read = this.#history.read(cohort.born, day, day + STEP)
        if (read > 0 && ASYNCHRONOUS.has(cohort.storageClass)) broken += 1
        this.#bill(cohort, day, read, counts)
      }
      this.#leftovers(deed, day, counts, meters)
      this.#count(counts, day, meters)
    }
    return { events: meters.events(), broken }
  }

  #move(cohort: Cohort, day: number, deed: LakeDeed, meters: Meters): void {
    const due = deed.tier?.findLast(({ days }) => day - cohort.written >= days)
    if (due === undefined || due.to === cohort.storageClass) return
    const files = (this.#lake.daily * STEP * 1_024) / cohort.mib
    meters.count(day, `s3.${due.to}.transition`, files / 1_000)
    cohort.storageClass = due.to
    cohort.since = day
  }

  #bill({ born, mib, storageClass, since }: Cohort, day: number, read: number, counts: Counts): void {
    const size = this.#lake.daily * STEP
    const files = (size * 1_024) / mib
    counts.reads += files * read
    if (storageClass === 'INTELLIGENT_TIERING') {
      const idle = (days: number): number =>
        day - since < days ? 0 : this.#history.untouched(born, day - days, day)
      const [month, quarter] = [idle(30), idle(90)]
      counts.frequent += size * (1 - month)
      counts.infrequent += size * (month - quarter)
      counts.instant += size * quarter
      counts.watched += files
      return
    }
    const plain = (counts.plain[storageClass] ??= { stored: 0, opened: 0, read: 0 })
    plain.stored += Math.max(size, (files * (LEAST_KIB[storageClass] ?? 0)) / 1_048_576)
    plain.opened += files * read
    plain.read += size * read
  }

  #count(counts: Counts, day: number, meters: Meters): void {
    const months = STEP / 30
    const { frequent, infrequent, instant, watched, reads, plain } = counts
    const tier = 's3.INTELLIGENT_TIERING'
    meters.count(day, `${tier}.storage`, frequent * months)
    meters.count(day, `${tier}.storage-infrequent`, infrequent * months)
    meters.count(day, `${tier}.storage-archive-instant`, instant * months)
    meters.count(day, `${tier}.monitoring`, (watched / 1_000) * months)
    const opened = Object.values(plain).reduce((sum, one) => sum + one.opened, 0)
    meters.count(day, `${tier}.get`, ((reads - opened) * GETS_A_FILE) / 1_000)
    meters.count(day, 'emr-serverless.vcpu', (reads * this.#lake.open) / 3_600)
    for (const [storageClass, one] of Object.entries(plain)) {
      meters.count(day, `s3.${storageClass}.storage`, one.stored * months)
      meters.count(day, `s3.${storageClass}.get`, (one.opened * GETS_A_FILE) / 1_000)
      meters.count(day, `s3.${storageClass}.retrieval`, one.read)
    }
  }

  /** What nobody reads grows by itself as it did: by the history's share a day. */
  #leftovers(deed: LakeDeed, day: number, counts: Counts, meters: Meters): void {
    const { garbage, uploads, noncurrent, noncurrentOld, versioned, fileMib } = this.#lake
    const grown = (day - FROZEN_DAY) / HISTORY_DAYS
    // On a versioned bucket what VACUUM deletes stays, as an old version, until a rule ends it.
    const gone = deed.vacuum && (!versioned || (deed.expireNoncurrent && day > FROZEN_DAY + 30))
    const removed = garbage * ((gone ? 0 : 1) + grown)
    const versions = deed.expireNoncurrent ? noncurrent * (1 - noncurrentOld) : noncurrent * (1 + grown)
    const parts = deed.abortUploads ? (uploads * 7) / HISTORY_DAYS : uploads * (1 + grown)
    meters.count(day, 's3.STANDARD.storage', ((versions + parts) * STEP) / 30)
    // It lies among the data: a rule that moves the data moves it too.
    if (deed.tier?.findLast(({ days }) => days === 0)?.to === 'INTELLIGENT_TIERING') {
      const files = (removed * 1_024) / fileMib
      const idle = day - FROZEN_DAY
      counts[idle >= 90 ? 'instant' : idle >= 30 ? 'infrequent' : 'frequent'] += removed
      counts.watched += files
      if (idle === 0) meters.count(day, 's3.INTELLIGENT_TIERING.transition', files / 1_000)
    } else meters.count(day, 's3.STANDARD.storage', (removed * STEP) / 30)
  }
}
