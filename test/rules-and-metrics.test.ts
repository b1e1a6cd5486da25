// The rules that we ship ask only for metrics and labels that we define.
import { expect, test } from 'vitest'
import { describe as define } from '../src/agent/metrics.ts'
import { SHIPPED_RULES, readRuleFiles } from '../src/config/config.ts'
import { matchersOf } from '../src/promql/promql.ts'
import { loadRuleFiles } from '../src/rules/rules.ts'

const { groups, errors } = loadRuleFiles(readRuleFiles([SHIPPED_RULES], '/'))
const selectors = groups
  .flatMap((group) => group.rules)
  .flatMap((rule) => matchersOf(rule.expr).map((selector) => ({ rule: rule.name, ...selector })))

test('they load', () => {
  expect(errors).toEqual([])
  expect(selectors.length).toBeGreaterThan(20)
})

test.for(selectors)('$rule asks for $name', ({ name, matchers }) => {
  const metric = define(name)
  expect(metric, name).toBeDefined()
  const known = new Set([...metric!.labels, '__name__', 'le'])
  expect(matchers.map((matcher) => matcher.name).filter((label) => !known.has(label))).toEqual([])
})
