// The rule check: what it finds, and where.
import { describe, expect, test } from 'vitest'
import type { MetricInfo } from '../../src/model/series.ts'
import { DAY, HOUR, MINUTE, millis, timestamp } from '../../src/model/units.ts'
import {
  type LintOptions,
  type Query,
  lintRules,
  loadRuleFiles,
  portableForm,
  printFinding,
} from '../../src/rules/rules.ts'

const gauge = (name: string, ...labels: string[]): MetricInfo => ({
  name,
  help: '',
  type: 'gauge',
  unit: '',
  labels,
})
const catalogue = [
  gauge('tidemark_table_rows', 'source', 'table'),
  gauge('tidemark_table_info', 'source', 'table', 'format'),
  gauge('tidemark_store_failing'),
  { ...gauge('tidemark_table_file_size_bytes', 'source', 'table'), type: 'histogram' as const },
]
const options: LintOptions = {
  names: catalogue.map(({ name }) => name),
  describe: (name) =>
    catalogue.find(
      (metric) => metric.name === name || (metric.type === 'histogram' && `${metric.name}_bucket` === name),
    ),
}

async function lint(text: string, extra: Partial<LintOptions> = {}): Promise<string[]> {
  const { groups, errors } = loadRuleFiles([{ path: 'r.yaml', text }])
  expect(errors).toEqual([])
  return (await lintRules(groups, { ...options, ...extra })).map(printFinding)
}

/** One rule with all that a rule should have; `lines` come behind. */
const rule = (expr: string, ...lines: string[]): string =>
  [
    'groups:',
    '- name: g',
    '  rules:',
    '  - alert: A',
    `    expr: ${expr}`,
    '    labels: { severity: warn }',
    '    annotations: { summary: s, runbook_url: r }',
    ...lines,
  ].join('\n')
const fullRule = (expr: string, labels: string, annotations = ''): string =>
  [
    'groups:',
    '- name: g',
    '  rules:',
    '  - alert: A',
    `    expr: ${expr}`,
    '    for: 5m',
    `    labels: { severity: warn, ${labels} }`,
    `    annotations: { summary: s, runbook_url: r, ${annotations} }`,
  ].join('\n')

test('a good rule has no findings', async () => {
  expect(
    await lint(
      rule('tidemark_table_rows{table="a"} > 5 and on (source) tidemark_table_info{format="delta"}'),
    ),
  ).toEqual([])
  expect(
    await lint(
      rule(
        'histogram_quantile(0.5, sum by (le, table) (tidemark_table_file_size_bytes_bucket{le!="+Inf"})) > 5',
      ),
    ),
  ).toEqual([])
})

describe('names', () => {
  test('a metric that the catalogue does not have, with its line and column', async () => {
    expect(await lint(rule('sum(tidemark_table_row) > 5'))).toEqual([
      'r.yaml:5:15: error: A: the catalogue has no metric tidemark_table_row; did you mean tidemark_table_rows? (unknown-metric)',
    ])
    expect(await lint(rule('node_load1 > 5'))).toEqual([
      'r.yaml:5:11: warning: A: the catalogue has no metric node_load1 (unknown-metric)',
    ])
  })

  test('the place inside a folded block', async () => {
    const text = [
      'groups:',
      '- name: g',
      '  rules:',
      '  - alert: A',
      '    expr: >-',
      '      tidemark_table_rows',
      '      > tidemark_nope',
      '    labels: { severity: warn }',
      '    annotations: { summary: s, runbook_url: r }',
    ].join('\n')

    expect(await lint(text)).toEqual([
      'r.yaml:7:9: error: A: the catalogue has no metric tidemark_nope (unknown-metric)',
    ])
  })

  test('recorded names and ALERTS are known', async () => {
    expect(
      await lint(
        `${rule('rec > 5 and on () ALERTS{anything="x"}')}\n  - { record: rec, expr: tidemark_table_rows }`,
      ),
    ).toEqual([])
  })

  test('a label that a metric does not have', async () => {
    expect(await lint(rule('tidemark_table_rows{dataset="a"} > 5'))).toEqual([
      'r.yaml:5:11: error: A: tidemark_table_rows has no label dataset; it has source, table (unknown-label)',
    ])
  })

  test.for<[string, string]>([
    ['tidemark_table_rows', 'source, table'],
    ['sum by (table) (tidemark_table_rows)', 'table'],
    ['sum without (table) (tidemark_table_rows)', 'source'],
    ['sum(tidemark_table_rows)', 'none'],
    ['tidemark_table_rows * on (table) tidemark_table_info', 'table'],
    ['tidemark_table_rows * on (table) group_left (format) tidemark_table_info', 'source, table, format'],
    ['label_replace(tidemark_table_rows, "x", "$1", "table", "(.*)")', 'source, table, x'],
    ['topk(1, tidemark_table_rows)', 'source, table'],
    ['absent(tidemark_table_rows{table="a"})', 'table'],
    ['tidemark_table_rows unless tidemark_table_info', 'source, table'],
    ['count_values("v", tidemark_table_rows)', 'v'],
    ['vector(1)', 'none'],
  ])('$labels.nope of %s: the result has %s', async ([expr, has]) => {
    const found = await lint(fullRule(`'${expr}'`, '', 'description: "{{ $labels.nope }}"'))

    expect(found).toEqual([
      `r.yaml:8:61: error: A: description uses $labels.nope, which the expression's result does not have; it has ${has} (unknown-label)`,
    ])
  })

  test('where labels cannot be known nothing is said', async () => {
    expect(await lint(fullRule('foreign', '', 'description: "{{ $labels.nope }}"'))).toEqual([
      'r.yaml:5:11: warning: A: the catalogue has no metric foreign (unknown-metric)',
    ])
  })
})

test('a label that holds the value never lets `for` elapse', async () => {
  expect(await lint(fullRule('tidemark_table_rows > 5', 'size: "{{ $value }}"'))).toEqual([
    'r.yaml:7:37: error: A: the label size holds a value that changes: each value makes a new alert, so that `for: 5m` can never elapse; put it into an annotation (unstable-label)',
  ])
  expect(
    await lint(fullRule('tidemark_table_rows > 5', 'size: "{{ if gt .Value 5.0 }}x{{ end }}"')),
  ).toHaveLength(1)
  expect(await lint(fullRule('tidemark_table_rows > 5', 'where: "{{ $labels.table }}"'))).toEqual([])
})

test('missing texts and duplicates', async () => {
  const text =
    'groups: [{ name: g, rules: [{ alert: A, expr: tidemark_store_failing }, { alert: A, expr: tidemark_store_failing == 1 }] }]'

  expect((await lint(text)).map((found) => found.replace(/.*: /, ''))).toEqual([
    'A lacks the label severity (missing-severity)',
    'A lacks the annotation summary (missing-summary)',
    'A lacks the annotation runbook_url (missing-runbook)',
    'A is there with the same labels at r.yaml:1 (duplicate-rule)',
    'A lacks the label severity (missing-severity)',
    'A lacks the annotation summary (missing-summary)',
    'A lacks the annotation runbook_url (missing-runbook)',
  ])
})

test('the no-data annotation has three forms', async () => {
  expect(await lint(fullRule('tidemark_store_failing', '', 'tidemark_no_data: 6h'))).toEqual([])
  expect((await lint(fullRule('tidemark_store_failing', '', 'tidemark_no_data: never')))[0]).toContain(
    'must be keep, resolve or a duration, found "never" (no-data)',
  )
})

describe('thresholds', () => {
  const asked: string[] = []
  const history = (value: number) => ({
    now: timestamp(40 * DAY),
    since: millis(30 * DAY),
    query: ((expr) => {
      asked.push(typeof expr === 'string' ? expr : 'an expression')
      return [{ labels: {}, value, timestamp: timestamp(0) }]
    }) satisfies Query,
  })

  test('beyond anything seen', async () => {
    expect(
      await lint(rule('sum(tidemark_table_rows) / 2 > 100 and tidemark_store_failing == 1'), {
        history: history(12.5),
      }),
    ).toEqual([
      'r.yaml:5:11: warning: A: sum(tidemark_table_rows) / 2 was never above 12.5 in the last 30 days; the threshold is 100 (threshold)',
    ])
    expect(asked).toEqual(['max(max_over_time((sum(tidemark_table_rows) / 2)[30d:1h27m]))'])
    expect((await lint(rule('(-5 > tidemark_table_rows)'), { history: history(3) }))[0]).toContain(
      'was never below 3 in the last 30 days; the threshold is -5',
    )
  })

  test('reached, or never there', async () => {
    expect(await lint(rule('tidemark_table_rows > 100'), { history: history(101) })).toEqual([])
    expect(
      await lint(rule('tidemark_table_rows > 100'), { history: { ...history(0), query: () => [] } }),
    ).toEqual([])
  })
})

test('the portable form wraps what comes less often than the lookback allows', () => {
  const { groups } = loadRuleFiles([
    {
      path: 'r',
      text: 'groups: [{ name: g, rules: [{ record: r, expr: "sum(daily) / (fast + rate(daily[2d])) unless daily offset 1d" }, { record: s, expr: "fast" }] }]',
    },
  ])
  const lookback = (labels: Readonly<Record<string, string>>) =>
    labels['__name__'] === 'daily' ? millis(60 * HOUR) : millis(5 * MINUTE)
  const [first, second] = groups[0]!.rules.map(({ expr }) => portableForm(expr, lookback))

  expect(first).toBe(
    'sum(last_over_time(daily[2d12h])) / (fast + rate(daily[2d])) unless last_over_time(daily[2d12h] offset 1d)',
  )
  expect(second).toBeNull()
})
