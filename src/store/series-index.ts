// All series by their labels: which one is this sample's, and which ones does a selector mean.
import type { Labels, Matcher } from '../model/series.ts'
import { NAME, labelsHash, pairHash, sameLabels } from './labels.ts'
import { type Test, labelValue, testOf } from './matcher.ts'
import { type ReadSamples, Series } from './series.ts'

/** The series with one value of one label, in order of id. Holds the one copy of the value's text. */
interface Posting {
  readonly name: string
  readonly value: string
  /** Its part of a label set's hash. */
  readonly hash: number
  series: Series[]
}

export class SeriesIndex {
  readonly #read: ReadSamples
  /** In order of id. */
  #all: Series[] = []
  /** Open addressing by hash; a power of two, at most half full. */
  #slots: Array<Series | undefined> = Array.from({ length: 1_024 })
  readonly #postings = new Map<string, Map<string, Posting>>()
  #generation = 0

  constructor(read: ReadSamples) {
    this.#read = read
  }

  get size(): number {
    return this.#all.length
  }

  get all(): readonly Series[] {
    return this.#all
  }

  /** Changes when a series appears or disappears. */
  get generation(): number {
    return this.#generation
  }

  lookup(name: string, labels: Labels): Series | undefined {
    const hash = labelsHash(name, labels)
    const mask = this.#slots.length - 1
    for (let i = hash & mask; ; i = (i + 1) & mask) {
      const found = this.#slots[i]
      if (found === undefined) return undefined
      if (found.hash === hash && sameLabels(found.labels, name, labels)) return found
    }
  }

  /** Ids only grow: later series have larger ones. */
  add(id: number, name: string, labels: Labels): Series {
    // One order of keys gives all series of a metric one shape, and that is half their memory.
    const keys = Object.keys(labels).filter((key) => labels[key] !== '' && key !== NAME)
    const postings = keys.toSorted().map((key) => this.#posting(key, labels[key]!))
    const first = this.#posting(NAME, name)
    const own: Record<string, string> = { [NAME]: first.value }
    let hash = first.hash
    for (const { name: key, value, hash: part } of postings) {
      own[key] = value
      hash = (hash + part) | 0
    }
    const series = new Series(id, own, hash, this.#read)
    first.series.push(series)
    for (const posting of postings) posting.series.push(series)
    this.#all.push(series)
    if (this.#all.length * 2 > this.#slots.length) this.#rehash(this.#slots.length * 4)
    else this.#place(series)
    this.#generation += 1
    return series
  }

  remove(gone: ReadonlySet<Series>): void {
    if (gone.size === 0) return
    const stays = (series: Series): boolean => !gone.has(series)
    const touched = new Set<Posting>()
    for (const { labels } of gone) for (const key in labels) touched.add(this.#posting(key, labels[key]!))
    for (const posting of touched) posting.series = posting.series.filter(stays)
    for (const [key, values] of this.#postings) {
      for (const [value, posting] of values) if (posting.series.length === 0) values.delete(value)
      if (values.size === 0) this.#postings.delete(key)
    }
    this.#all = this.#all.filter(stays)
    this.#rehash(this.#slots.length)
    this.#generation += 1
  }

  /** In order of id. */
  find(matchers: readonly Matcher[]): readonly Series[] {
    const tests = matchers.map(testOf)
    const candidates = this.#candidates(tests)
    const rest = tests.filter((test) => !candidates.decided.includes(test))
    if (rest.length === 0) return [...candidates.series]
    return candidates.series.filter(({ labels }) =>
      rest.every((test) => test.accepts(labelValue(labels, test.name))),
    )
  }

  /** The series of one metric, for whoever works metric by metric. */
  byMetric(): ReadonlyMap<string, readonly Series[]> {
    return new Map([...(this.#postings.get(NAME) ?? [])].map(([name, posting]) => [name, posting.series]))
  }

  /** The smallest list that holds all results, and the tests that it already passes. */
  #candidates(tests: readonly Test[]): { series: readonly Series[]; decided: readonly Test[] } {
    let best: { series: readonly Series[]; decided: readonly Test[] } = { series: this.#all, decided: [] }
    const listed = tests.filter((test) => test.values !== null)
    for (const test of [...listed, ...tests.filter((test) => test.values === null)]) {
      // What accepts '' also means series without the label, which no list has.
      if (test.accepts('')) continue
      // Trying each value of a label only pays while there are fewer of them than series left.
      if (test.values === null && (this.#postings.get(test.name)?.size ?? 0) >= best.series.length) continue
      const lists = this.#listsOf(test)
      const size = lists.reduce((sum, list) => sum + list.length, 0)
      if (size >= best.series.length) continue
      const series = lists.length === 1 ? lists[0]! : lists.flat().toSorted((a, b) => a.id - b.id)
      best = { series, decided: [test] }
    }
    return best
  }

  #listsOf(test: Test): readonly Series[][] {
    const postings = this.#postings.get(test.name)
    if (postings === undefined) return []
    if (test.values === null)
      return [...postings.values()].filter(({ value }) => test.accepts(value)).map(({ series }) => series)
    return test.values.map((value) => postings.get(value)?.series ?? [])
  }

  #posting(name: string, value: string): Posting {
    let values = this.#postings.get(name)
    if (values === undefined) this.#postings.set(name, (values = new Map()))
    let posting = values.get(value)
    if (posting === undefined)
      values.set(value, (posting = { name, value, hash: pairHash(name, value), series: [] }))
    return posting
  }

  #place(series: Series): void {
    const mask = this.#slots.length - 1
    let i = series.hash & mask
    while (this.#slots[i] !== undefined) i = (i + 1) & mask
    this.#slots[i] = series
  }

  #rehash(length: number): void {
    this.#slots = Array.from({ length })
    for (const series of this.#all) this.#place(series)
  }
}
