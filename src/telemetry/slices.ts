// The newest sample of every series as OpenTelemetry metric data, in slices between which the loop gets its turn.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { MetricData } from '@opentelemetry/sdk-metrics'
import type { Matcher, MetricInfo, Range, SeriesHandle, SeriesReader } from '../model/series.ts'
import type { Millis } from '../model/units.ts'
import { createAggregate } from './aggregate.ts'
import { type Current, metricData } from './metric-data.ts'

/** Series made into metric data at once: about three milliseconds. */
const SLICE = 1_000
/** How long the loop may be held before it gets its turn. */
const HOLD_MS = 8

export interface SlicesFrom {
  readonly series: SeriesReader
  /** In which samples count as current. */
  readonly range: () => Range
  readonly describe: (name: string) => MetricInfo | undefined
  readonly startedAt: number
  readonly monotonic: () => Millis
}

export interface Asked {
  /** Only series that match any of these; all where there is none. */
  readonly matches: ReadonlyArray<readonly Matcher[]>
  /** Series beyond this are left out; aggregated ones are few, and all there. */
  readonly most: number
  /** One series for all tables of a source, all pipelines, … */
  readonly aggregated: boolean
}

export interface Told {
  readonly series: number
  readonly cut: number
}

interface Family {
  readonly info: MetricInfo
  members: SeriesHandle[]
}

/** Metric by metric in the order of names; a metric of many series comes in several pieces. */
export async function* slices(from: SlicesFrom, asked: Asked): AsyncGenerator<MetricData[], Told> {
  const breathe = breather(from.monotonic)
  const range = from.range()
  const families = await familiesOf(found(from.series, asked.matches), from.describe, breathe)
  if (asked.aggregated) return yield* inOne(families, range, from.startedAt, breathe)
  const told = cutDown(families, asked.most)
  for (const { info, members } of families) {
    for (const slice of info.type === 'histogram' ? await whole(members, breathe) : cutIn(members)) {
      const current = slice.flatMap((series) => newest(series, range))
      if (current.length > 0) yield metricData(current, () => info, from.startedAt)
      await breathe()
    }
  }
  return told
}

async function* inOne(
  families: readonly Family[],
  range: Range,
  startedAt: number,
  breathe: () => Promise<void>,
): AsyncGenerator<MetricData[], Told> {
  let series = 0
  for (const { info, members } of families) {
    const aggregate = createAggregate(info)
    for (const slice of cutIn(members)) {
      for (const one of slice) for (const current of newest(one, range)) aggregate.add(current)
      await breathe()
    }
    const all = aggregate.result()
    series += all.length
    if (all.length > 0) yield metricData(all, () => info, startedAt)
  }
  return { series, cut: 0 }
}

function found(series: SeriesReader, matches: Asked['matches']): Iterable<SeriesHandle> {
  if (matches.length === 0) return series.find([])
  if (matches.length === 1) return series.find(matches[0]!)
  return new Set(matches.flatMap((matchers) => series.find(matchers)))
}

/** Series that the catalogue does not define (ALERTS, recording rules) stay inside: they are Tidemark's own results. */
async function familiesOf(
  all: Iterable<SeriesHandle>,
  describe: SlicesFrom['describe'],
  breathe: () => Promise<void>,
): Promise<Family[]> {
  const byName = new Map<string, Family | null>()
  const families = new Map<string, Family>()
  let count = 0
  for (const series of all) {
    const name = series.labels['__name__'] ?? ''
    let family = byName.get(name)
    if (family === undefined) {
      const info = describe(name)
      family = info === undefined ? null : (families.get(info.name) ?? { info, members: [] })
      if (family !== null) families.set(family.info.name, family)
      byName.set(name, family)
    }
    family?.members.push(series)
    count += 1
    if (count % SLICE === 0) await breathe()
  }
  return [...families.values()].toSorted((a, b) => (a.info.name < b.info.name ? -1 : 1))
}

/** What is too much is taken from the largest metrics: those that say how Tidemark is doing are small. */
function cutDown(families: readonly Family[], most: number): Told {
  let left = most
  let cut = 0
  for (const family of families.toSorted((a, b) => a.members.length - b.members.length)) {
    const kept = Math.min(family.members.length, left)
    cut += family.members.length - kept
    left -= kept
    family.members = family.members.slice(0, kept)
  }
  return { series: families.reduce((sum, { members }) => sum + members.length, 0), cut }
}

function* cutIn(members: readonly SeriesHandle[]): Generator<readonly SeriesHandle[]> {
  for (let i = 0; i < members.length; i += SLICE) yield members.slice(i, i + SLICE)
}

/** Slices in which each histogram has all its series. */
async function whole(
  members: readonly SeriesHandle[],
  breathe: () => Promise<void>,
): Promise<ReadonlyArray<readonly SeriesHandle[]>> {
  const histograms = new Map<string, SeriesHandle[]>()
  for (const [i, series] of members.entries()) {
    let key = ''
    for (const label in series.labels) {
      if (label !== 'le' && label !== '__name__') key += `${label}\u0000${series.labels[label]}\u0000`
    }
    const histogram = histograms.get(key)
    if (histogram) histogram.push(series)
    else histograms.set(key, [series])
    if (i % SLICE === 0) await breathe()
  }
  const all: SeriesHandle[][] = [[]]
  for (const histogram of histograms.values()) {
    if (all.at(-1)!.length + histogram.length > SLICE && all.at(-1)!.length > 0) all.push([])
    all.at(-1)!.push(...histogram)
  }
  return all
}

/** Nothing for a series that has ended or was not written lately. */
function newest(series: SeriesHandle, range: Range): Current[] {
  const { timestamps, values, stale } = series.samples(range)
  const last = timestamps.length - 1
  if (last < 0 || stale?.[last] === 1) return []
  return [{ labels: series.labels, value: values[last]!, at: timestamps[last]! }]
}

function breather(monotonic: () => Millis): () => Promise<void> {
  let since = monotonic()
  return async () => {
    if (monotonic() - since < HOLD_MS) return
    await nextTurn()
    since = monotonic()
  }
}
