// CloudWatch: runs of pipelines that write their own namespace, and what hosts and services use, within a budget.
import { z } from 'zod'
import type { CloudWatch } from '../../io/cloudwatch.ts'
import type { Io } from '../../io/io.ts'
import type { Fact } from '../../model/facts.ts'
import { DAY, HOUR, MINUTE, type Timestamp, millis, timestamp } from '../../model/units.ts'
import { type Ask, type SourceIdentity, defineCollector } from '../collector.ts'
import { type Spent, allowance, leftOf, spentToday } from './budget.ts'
import { ownUsage } from './budget-usage.ts'
import { CloudWatchConfig, LONGEST_HISTORY, selectionsOf } from './cloudwatch-config.ts'
import { type Found, type Watched, findMeasures, findPipelines } from './discovery.ts'
import { PIPELINE_METRICS, RUN_PERIOD, type WatchedPipeline, questionOf, runsOf } from './pipelines.ts'
import type { Selection } from './presets.ts'
import { type Question, type Window, askBatch, batchesOf, queriesAtOnce } from './reading.ts'
import { Trouble } from './trouble.ts'
import {
  type Resource,
  SETTLED_PERIODS,
  measureOf,
  newestWindow,
  profileWindow,
  usageOf,
  usageQuestion,
} from './usage.ts'

/** How often it is looked for new metrics. */
const DISCOVER_EVERY = HOUR
/** Runs may be written late: what is this recent is read again each time. A longer look back costs no more. */
const READ_AGAIN = millis(3 * HOUR)
/** And once a day everything back to `history`. */
const READ_ALL_EVERY = DAY
/** Runs that wait this long for budget are saved for: metrics would spend each small amount before it is enough. */
const SAVED_FOR = millis(15 * MINUTE)
/** Being this late for want of budget is a problem. */
const LATE = HOUR

export const cloudwatch = defineCollector({
  type: 'cloudwatch',
  Config: CloudWatchConfig,
  connect(identity, config, io) {
    const watch = new CloudWatchWatch(identity, config, io)
    return { mode: 'poll', poll: (ask) => watch.poll(ask) }
  },
})

const Cursor = z.object({
  /** Runs that ended before this were read. */
  through: z.number().nullable(),
  /** When all of `history` was last read. */
  all: z.number(),
  spent: z.object({ day: z.number(), metrics: z.number() }),
})
type Cursor = z.output<typeof Cursor>

class CloudWatchWatch {
  readonly #source: string
  readonly #config: CloudWatchConfig
  readonly #cloudWatch: CloudWatch
  readonly #perDay: number
  readonly #root: string | null
  readonly #selections: ReadonlyMap<string, readonly Selection[]>
  #cursor: Cursor | undefined
  #isSaving = false
  #pipelines: Found<WatchedPipeline> | undefined
  readonly #measures = new Map<string, Found<Watched>>()
  #discoveredAt: Timestamp | undefined
  readonly #resources = new Map<string, Resource>()
  /** End of the newest window read, and day of the newest profile, by measure. */
  readonly #read = new Map<string, { to: Timestamp; profiled: number }>()

  constructor({ name }: SourceIdentity, config: CloudWatchConfig, io: Io) {
    this.#source = name
    this.#config = config
    this.#cloudWatch = io.cloudWatch({ region: config.region, endpoint: config.endpoint })
    this.#perDay = allowance(config.budget)
    this.#root = config.pipelines === true ? 'DataPipeline' : config.pipelines || null
    this.#selections = Map.groupBy(selectionsOf(config), ({ namespace }) => namespace)
  }

  async *poll(ask: Ask): AsyncGenerator<Fact> {
    const cursor = (this.#cursor ??= readCursor(ask.cursor))
    const trouble = new Trouble(this.#source, ask.now)
    try {
      await this.#discover(ask, trouble)
      yield* this.#readRuns(ask, trouble)
      yield* this.#readUsage(ask, trouble)
    } finally {
      // What was spent is spent, whatever came of it.
      cursor.spent = { ...spentToday(cursor.spent, ask.now) }
    }
    yield ownUsage({
      source: this.#source,
      region: this.#region,
      spent: cursor.spent,
      perDay: this.#perDay,
      now: ask.now,
    })
    yield { kind: 'cursor', id: this.#source, value: JSON.stringify(cursor) }
    yield* trouble.facts()
    trouble.throwIfNothingWorked()
  }

  get #region(): string {
    return this.#cloudWatch.region
  }

  #spend(metrics: number, now: Timestamp): void {
    const spent: Spent = spentToday(this.#cursor!.spent, now)
    this.#cursor!.spent = { day: spent.day, metrics: spent.metrics + metrics }
  }

  #left(now: Timestamp): number {
    return leftOf(this.#perDay, this.#cursor!.spent, now)
  }

  async #discover({ now, signal }: Ask, trouble: Trouble): Promise<void> {
    if (this.#discoveredAt !== undefined && now - this.#discoveredAt < DISCOVER_EVERY) {
      trouble.omitted('pipelines', this.#pipelines?.omitted ?? [])
      for (const [namespace, { omitted }] of this.#measures) trouble.omitted(namespace, omitted)
      return
    }
    // Each listing is a page at least.
    const listings = (this.#root === null ? 0 : PIPELINE_METRICS.length) + this.#selections.size
    if (listings > this.#left(now)) {
      const known = this.#discoveredAt !== undefined && now - this.#discoveredAt < DISCOVER_EVERY + LATE
      if (!known) trouble.short('discovery', listings, this.#perDay, null)
      return
    }
    const find = async <T>(
      subject: string,
      finding: () => Promise<Found<T>>,
    ): Promise<Found<T> | undefined> => {
      try {
        const found = await finding()
        this.#spend(found.requests, now)
        trouble.worked()
        trouble.omitted(subject, found.omitted)
        return found
      } catch (error) {
        if (signal.aborted) throw error
        trouble.failed(subject, error)
        return undefined
      }
    }
    let complete = true
    const root = this.#root
    if (root !== null) {
      const found = await find('pipelines', () => findPipelines(this.#cloudWatch, root, signal))
      if (found === undefined) complete = false
      else this.#pipelines = found
    }
    for (const [namespace, selections] of this.#selections) {
      const found = await find(namespace, () => findMeasures(this.#cloudWatch, namespace, selections, signal))
      if (found === undefined) complete = false
      else this.#measures.set(namespace, found)
    }
    if (complete) this.#discoveredAt = now
    this.#forget()
  }

  /** What is no longer listed has had no value for two weeks. */
  #forget(): void {
    const listed = new Set([...this.#measures.values()].flatMap(({ found }) => found.map(resourceKey)))
    for (const key of this.#resources.keys()) if (!listed.has(key)) this.#resources.delete(key)
    const measures = new Set([...this.#measures.values()].flatMap(({ found }) => found.map(measureKey)))
    for (const key of this.#read.keys()) if (!measures.has(key)) this.#read.delete(key)
  }

  async *#readRuns({ now, signal }: Ask, trouble: Trouble): AsyncGenerator<Fact> {
    this.#isSaving = false
    const cursor = this.#cursor!
    const pipelines = this.#pipelines?.found ?? []
    const to = timestamp(now - (now % RUN_PERIOD) - SETTLED_PERIODS * RUN_PERIOD)
    if (pipelines.length === 0 || cursor.through === to) return
    const all = now - cursor.all >= READ_ALL_EVERY || cursor.through === null
    const since = Math.min(cursor.through ?? now, to) - READ_AGAIN
    const earliest = now - this.#config.history
    const start = all ? Math.min(since, earliest) : since
    const from = Math.max(start, now - LONGEST_HISTORY)
    const window: Window = { from: timestamp(from - (from % RUN_PERIOD)), to, period: RUN_PERIOD }
    const questions = pipelines.map(questionOf)
    const cost = questions.reduce((sum, { queries }) => sum + queries.length, 0)
    if (cost > this.#left(now)) {
      const late = cursor.through === null ? null : millis(now - cursor.through)
      if (late === null || late > LATE) trouble.short('pipelines', cost, this.#perDay, late)
      this.#isSaving = cost <= this.#perDay && (late === null || late > SAVED_FOR)
      return
    }
    let complete = true
    const odd: string[] = []
    for (const batch of batchesOf(questions, queriesAtOnce(window))) {
      this.#spend(count(batch), now)
      const outcome = await askBatch(this.#cloudWatch, batch, window, signal)
      trouble.heard('pipelines', outcome)
      complete &&= outcome.error === undefined
      for (const answered of outcome.answered) {
        complete &&= answered.answers.every((answer) => answer.complete)
        const runs = runsOf(answered, { source: this.#source, region: this.#region, to })
        yield* runs.facts
        odd.push(...runs.odd)
      }
    }
    if (odd.length > 0) trouble.odd(odd)
    if (!complete) return
    cursor.through = to
    if (all) cursor.all = now
  }

  async *#readUsage(ask: Ask, trouble: Trouble): AsyncGenerator<Fact> {
    const { now } = ask
    const changed = new Set<string>()
    const readTo = (one: Watched): number => this.#read.get(measureKey(one))?.to ?? 0
    // What has waited longest comes first: a short budget reaches everything in turn.
    const due = [...this.#measures.values()]
      .flatMap(({ found }) => found)
      .filter((one) => readTo(one) < newestWindow(now, one.period).to)
      .toSorted((a, b) => readTo(a) - readTo(b))
    const left = this.#isSaving ? 0 : this.#left(now)
    const late = due.slice(left).filter((one) => now - readTo(one) > LATE)
    if (late.length > 0) trouble.short('metrics', late.length, this.#perDay, null)
    const day = Math.floor(now / DAY)
    const alike = Map.groupBy(due.slice(0, left), (one) => {
      const isProfile = this.#read.get(measureKey(one))?.profiled !== day
      return JSON.stringify([one.name.namespace, one.period, isProfile])
    })
    for (const measures of alike.values()) await this.#readMeasures(measures, day, ask, trouble, changed)
    for (const key of changed) {
      const from = { source: this.#source, region: this.#region, partial: [] }
      const fact = usageOf(this.#resources.get(key)!, from)
      if (fact !== null) yield fact
    }
  }

  /** Of one namespace and period: all of them for the newest values, or all for the day's profile. */
  async #readMeasures(
    measures: readonly Watched[],
    day: number,
    { now, signal }: Ask,
    trouble: Trouble,
    changed: Set<string>,
  ): Promise<void> {
    const { name, period } = measures[0]!
    const isProfile = this.#read.get(measureKey(measures[0]!))?.profiled !== day
    const window = isProfile ? profileWindow(now, period) : newestWindow(now, period)
    for (const batch of batchesOf(measures.map(usageQuestion), queriesAtOnce(window))) {
      this.#spend(count(batch), now)
      const outcome = await askBatch(this.#cloudWatch, batch, window, signal)
      trouble.heard(name.namespace, outcome)
      for (const { about, answers } of outcome.answered) {
        const [answer] = answers
        if (answer === undefined) continue
        const resource = this.#resourceOf(about)
        const before = resource.measures.get(about.measure)
        const measure = measureOf(about, answer, window, before, isProfile)
        if (measure !== null) resource.measures.set(about.measure, measure)
        const profiled = this.#read.get(measureKey(about))?.profiled ?? -1
        this.#read.set(measureKey(about), {
          to: window.to,
          profiled: isProfile && answer.complete ? day : profiled,
        })
        changed.add(resourceKey(about))
      }
    }
  }

  #resourceOf(about: Watched): Resource {
    const key = resourceKey(about)
    const known = this.#resources.get(key)
    const instanceType =
      about.instanceType ?? known?.instanceType ?? this.#config.instance_types[about.resource] ?? null
    const resource: Resource =
      known === undefined
        ? { service: about.service, resource: about.resource, instanceType, measures: new Map() }
        : { ...known, instanceType }
    this.#resources.set(key, resource)
    return resource
  }
}

const count = (questions: readonly Question<unknown>[]): number =>
  questions.reduce((sum, { queries }) => sum + queries.length, 0)
const resourceKey = ({ service, resource }: Watched): string => `${service}\n${resource}`
const measureKey = (one: Watched): string => `${resourceKey(one)}\n${one.measure}`

function readCursor(text: string | undefined): Cursor {
  const nothing: Cursor = { through: null, all: 0, spent: { day: 0, metrics: 0 } }
  if (text === undefined) return nothing
  try {
    return Cursor.parse(JSON.parse(text))
  } catch {
    return nothing
  }
}
