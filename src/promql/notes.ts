// Warnings and infos of an evaluation, worded as Prometheus words them; each is said once, where it was first met.
import type { Span } from './ast.ts'
import { lineAndColumn } from './errors.ts'
import { formatShort, quote } from './go.ts'

interface Note {
  readonly level: 'warning' | 'info'
  readonly span: Span
  /** Said behind the message: how often and how badly. */
  detail: ForcedMonotonicity | null
}

export interface ForcedMonotonicity {
  from: number
  to: number
  minBucket: number
  maxBucket: number
  maxDiff: number
  count: number
}

const forMetric = (name: string): string => (name === '' ? '' : ` for metric name ${quote(name)}`)

export class Notes {
  readonly #notes = new Map<string, Note>()

  #add(level: 'warning' | 'info', message: string, span: Span): void {
    if (!this.#notes.has(message)) this.#notes.set(message, { level, span, detail: null })
  }

  invalidQuantile(q: number, span: Span): void {
    this.#add('warning', `quantile value should be between 0 and 1, got ${formatShort(q)}`, span)
  }

  invalidRatio(ratio: number, capped: number, span: Span): void {
    const message = `ratio value should be between -1 and 1, got ${formatShort(ratio)}, capping to ${formatShort(capped)}`
    this.#add('warning', message, span)
  }

  badBucketLabel(name: string, value: string, span: Span): void {
    const message = `bucket label "le" is missing or has a malformed value of ${quote(value)}${forMetric(name)}`
    this.#add('warning', message, span)
  }

  sortInRangeQuery(span: Span): void {
    this.#add(
      'warning',
      'sort is ineffective for range queries since results are always ordered by labels',
      span,
    )
  }

  startTimeOverlap(name: string, span: Span): void {
    this.#add(
      'warning',
      `sample has start time that overlaps with previous sample timestamp for metric ${quote(name)}`,
      span,
    )
  }

  possibleNonCounter(name: string, span: Span): void {
    this.#add(
      'info',
      `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quote(name)}`,
      span,
    )
  }

  incompatibleTypes(left: string, op: string, right: string, span: Span): void {
    const message = `incompatible sample types encountered for binary operator ${quote(op)}: ${left} ${op} ${right}`
    this.#add('info', message, span)
  }

  forcedMonotonicity(name: string, found: Omit<ForcedMonotonicity, 'count'>, span: Span): void {
    const message = `input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)${forMetric(name)}`
    this.#add('info', message, span)
    const note = this.#notes.get(message)!
    note.detail ??= { ...found, count: 0 }
    const all = note.detail
    all.from = Math.min(all.from, found.from)
    all.to = Math.max(all.to, found.to)
    all.minBucket = Math.min(all.minBucket, found.minBucket)
    all.maxBucket = Math.max(all.maxBucket, found.maxBucket)
    all.maxDiff = Math.max(all.maxDiff, found.maxDiff)
    all.count += 1
  }

  /** `PromQL warning: … (1:15)`; positions are those of `text`. */
  read(level: 'warning' | 'info', text: string): string[] {
    return [...this.#notes]
      .filter(([, note]) => note.level === level)
      .map(([message, { span, detail }]) => {
        const { line, column } = lineAndColumn(text, span.start)
        return `PromQL ${level}: ${message}${detail === null ? '' : explain(detail)} (${line}:${column})`
      })
  }
}

function explain({ from, to, minBucket, maxBucket, maxDiff, count }: ForcedMonotonicity): string {
  const time = (ms: number) => new Date(Math.trunc(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z')
  const diff = formatShort(Number(maxDiff.toPrecision(2)))
  return `, from buckets ${formatShort(minBucket)} to ${formatShort(maxBucket)}, with a max diff of ${diff}, over ${count} samples from ${time(from)} to ${time(to)}`
}
