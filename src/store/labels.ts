// Label sets: are they allowed, are they the same, and a hash to find them by.
import type { Labels } from '../model/series.ts'

export const NAME = '__name__'

/** Prometheus' own limits are off by default; ours only stop what is certainly a mistake. */
export const LABEL_VALUE_MAX = 2_048
export const LABELS_MAX = 40

const METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
/** `__` is reserved for machinery, and `__proto__` would not even be stored. */
const LABEL = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/

/** Why a sample cannot become a series; null when it can. */
export function labelProblem(name: string, labels: Labels): string | null {
  if (!METRIC.test(name)) return `metric name ${JSON.stringify(name.slice(0, 80))} is not allowed`
  let count = 0
  for (const key in labels) {
    const value: unknown = labels[key]
    if (!LABEL.test(key)) return `label name ${JSON.stringify(key.slice(0, 80))} of ${name} is not allowed`
    if (typeof value !== 'string') return `label ${key} of ${name} is not text`
    if (value.length > LABEL_VALUE_MAX)
      return `label ${key} of ${name} has ${value.length} characters, the limit is ${LABEL_VALUE_MAX}`
    count += 1
  }
  return count > LABELS_MAX ? `${name} has ${count} labels, the limit is ${LABELS_MAX}` : null
}

/** The sum of the pairs' hashes: the order of labels does not matter. */
export function labelsHash(name: string, labels: Labels): number {
  let hash = pairHash(NAME, name)
  for (const key in labels) {
    const value = labels[key]!
    if (value !== '' && key !== NAME) hash = (hash + pairHash(key, value)) | 0
  }
  return hash
}

export const pairHash = (name: string, value: string): number => textHash(value, textHash(name, 0x811c9dc5))

/** FNV-1a over UTF-16 units. */
function textHash(text: string, seed: number): number {
  let hash = seed
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
}

/** Whether a sample's name and labels are those of a stored label set; an empty label is no label. */
export function sameLabels(stored: Labels, name: string, labels: Labels): boolean {
  if (stored[NAME] !== name) return false
  let extra = 0
  for (const key in labels) {
    const value = labels[key]!
    if (value === '') continue
    if (stored[key] !== value) return false
    extra += 1
  }
  for (const _ in stored) extra -= 1
  return extra === -1
}
