// One evaluation of a recording rule: the result under the rule's name and labels.
import type { Labels, Sample } from '../model/series.ts'
import { timestamp } from '../model/units.ts'
import type { Surroundings } from './alerting-rule.ts'
import { labelsKey, printSome, withoutName } from './labels.ts'
import type { RecordingRule } from './rule-file.ts'

export interface Recorded {
  readonly samples: readonly Sample[]
  readonly complaint: string | null
}

/** Throws when nothing can be recorded. */
export async function evaluateRecording(rule: RecordingRule, around: Surroundings): Promise<Recorded> {
  const result = await around.query(rule.expr, timestamp(around.at - around.offset))
  const ruleLabels = Object.fromEntries(rule.labels.map(({ name, text }) => [name, text]))
  const byLabels = new Map<string, Sample[]>()
  for (const { labels, value } of result) {
    const sample = { name: rule.name, labels: merged(withoutName(labels), ruleLabels), value }
    const key = labelsKey(sample.labels)
    byLabels.set(key, [...(byLabels.get(key) ?? []), sample])
  }
  // Which of two values is meant cannot be known: neither is recorded.
  const samples = [...byLabels.values()].flatMap((same) => (same.length === 1 ? same : []))
  const twice = [...byLabels.values()].filter((same) => same.length > 1)
  if (around.limit > 0 && samples.length > around.limit) {
    throw new Error(`exceeded limit of ${around.limit} with ${samples.length} series`)
  }
  return {
    samples,
    complaint:
      twice.length === 0
        ? null
        : `vector contains metrics with the same labelset after applying rule labels; left out: ${printSome(twice.map(([first]) => first!.labels))}`,
  }
}

/** A rule label with an empty value takes the label away. */
const merged = (labels: Labels, own: Labels): Labels =>
  Object.fromEntries(Object.entries({ ...labels, ...own }).filter(([, value]) => value !== ''))
