// Label matchers as tests on values, and a set of them as a test on label sets.
import { compileLabelRegex } from '../model/label-regex.ts'
import type { Labels, Matcher } from '../model/series.ts'

export function matcherTest({ op, value }: Matcher): (text: string) => boolean {
  switch (op) {
    case '=':
      return (text) => text === value
    case '!=':
      return (text) => text !== value
    case '=~': {
      const regex = compileLabelRegex(value)
      return (text) => regex.matches(text)
    }
    case '!~': {
      const regex = compileLabelRegex(value)
      return (text) => !regex.matches(text)
    }
  }
}

/** A label that is not there is the same as an empty one. */
export function labelsTest(matchers: readonly Matcher[]): (labels: Labels) => boolean {
  const tests = matchers.map((matcher) => ({ name: matcher.name, test: matcherTest(matcher) }))
  return (labels) => tests.every(({ name, test }) => test(labels[name] ?? ''))
}
