// Label sets as rules handle them: keyed, named, compared.
import type { Labels } from '../model/series.ts'

const NAME = '__name__'

const keys = new WeakMap<Labels, string>()

/** Equal label sets have equal keys, whatever order they were made in. Label sets are never changed once made. */
export function labelsKey(labels: Labels): string {
  const known = keys.get(labels)
  if (known !== undefined) return known
  let key = ''
  for (const name of Object.keys(labels).toSorted()) key += `${name}\xff${labels[name]}\xfe`
  keys.set(labels, key)
  return key
}

export function withoutName(labels: Labels): Labels {
  const { [NAME]: _, ...rest } = labels
  return rest
}

/** `name{a="b"}` for messages, in the order of names. */
export function printLabels(labels: Labels): string {
  const rest = withoutName(labels)
  const inner = Object.keys(rest)
    .toSorted()
    .map((name) => `${name}=${JSON.stringify(rest[name])}`)
  return `${labels[NAME] ?? ''}{${inner.join(', ')}}`
}

/** Label sets that a message names. */
const NAMED_MAX = 3

export function printSome(all: readonly Labels[]): string {
  const names = all.slice(0, NAMED_MAX).map(printLabels).join(', ')
  return all.length <= NAMED_MAX ? names : `${names} and ${all.length - NAMED_MAX} more`
}

/** Whether no label that both have differs: a sum by table is compatible with every series of that table. */
export const compatible = (a: Labels, b: Labels): boolean =>
  Object.keys(a).every((name) => name === NAME || b[name] === undefined || a[name] === b[name])
