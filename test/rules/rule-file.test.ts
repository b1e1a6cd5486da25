// Rule files: what loads, what is refused, and the line and column of each reason.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type LoadOptions,
  loadRuleFiles,
  printFinding,
  printUnitTestReport,
  runUnitTests,
} from '../../src/rules/rules.ts'

const load = (text: string, options?: LoadOptions) => loadRuleFiles([{ path: 'r.yaml', text }], options)
const errors = (text: string, options?: LoadOptions): string[] => load(text, options).errors.map(printFinding)

const inGroup = (...lines: string[]): string =>
  ['groups:', '  - name: g', '    rules:', ...lines.map((line) => `      ${line}`)].join('\n')

describe('what loads', () => {
  test('all fields', () => {
    const { groups, errors: none } = load(`
groups:
  - name: g
    interval: 30s
    query_offset: 1m
    limit: 10
    labels: { team: data, severity: low }
    rules:
      - alert: A
        expr: up == 0
        for: 5m
        keep_firing_for: 10m
        labels: { severity: 1.10, on: yes }
        annotations: { summary: "{{ $value }}" }
      - record: a:b
        expr: |
          sum(up)
            / 2
`)

    expect(none).toEqual([])
    const [group] = groups
    expect(group).toMatchObject({
      path: 'r.yaml',
      name: 'g',
      interval: 30_000,
      queryOffset: 60_000,
      limit: 10,
    })
    expect(group!.rules[0]).toMatchObject({
      kind: 'alerting',
      name: 'A',
      hold: 300_000,
      keepFiring: 600_000,
      exprText: 'up == 0',
    })
    // Scalars are texts as they stand in the file, and a rule's label wins over its group's.
    expect(group!.rules[0]!.labels.map(({ name, text }) => `${name}=${text}`)).toEqual([
      'team=data',
      'severity=1.10',
      'on=yes',
    ])
    expect(group!.rules[1]).toMatchObject({ kind: 'recording', name: 'a:b', exprText: 'sum(up)\n  / 2\n' })
  })

  test('aliases, merges, empty files and nulls', () => {
    const { groups, errors: none } = load(
      inGroup(
        '- &a',
        '  alert: &n A',
        '  expr: &e up',
        '  for: 5m',
        '- <<: *a',
        '  alert: B',
        '- alert: *n',
        '  expr: *e',
        '  labels:',
        '  annotations: ~',
      ),
    )

    expect(none).toEqual([])
    expect(groups[0]!.rules.map((rule) => [rule.name, rule.kind === 'alerting' && rule.hold])).toEqual([
      ['A', 300_000],
      ['B', 300_000],
      ['A', 0],
    ])
    expect(load('')).toEqual({ groups: [], errors: [], warnings: [] })
    expect(load('groups:')).toEqual({ groups: [], errors: [], warnings: [] })
  })

  test('the first of several documents, with a warning', () => {
    const { groups, warnings } = load('groups: []\n---\ngroups: [{ name: x }]')

    expect(groups).toEqual([])
    expect(warnings.map(printFinding)).toEqual([
      'r.yaml:2:1: warning: only the first YAML document is read (documents)',
    ])
  })

  test('unknown fields where the caller lets them', () => {
    const { groups, warnings } = load('groups: [{ name: g, owner: me }]', { ignoreUnknownFields: true })

    expect(groups).toHaveLength(1)
    expect(warnings).toHaveLength(1)
  })

  test('a file with an error gives no group, the next file all of its', () => {
    const { groups, errors: found } = loadRuleFiles([
      { path: 'bad.yaml', text: 'groups: [{ name: a }, { name: a }]' },
      { path: 'good.yaml', text: 'groups: [{ name: a }]' },
    ])

    expect(groups.map(({ path }) => path)).toEqual(['good.yaml'])
    expect(found).toHaveLength(1)
  })
})

describe('what is refused', () => {
  test.for<[string, string, string]>([
    ['broken YAML', 'groups: [', 'r.yaml:1:10: error: '],
    ['a list at the top', '- a', 'r.yaml:1:1: error: the file must be a mapping (type)'],
    [
      'a file of other fields',
      'rules: []',
      'r.yaml:1:1: error: unknown field "rules" in the file; known are groups (field)',
    ],
    [
      'a field twice',
      'groups: []\ngroups: []',
      'r.yaml:2:1: error: the field "groups" is there twice in the file (field)',
    ],
    ['groups that are no list', 'groups: { a: 1 }', 'r.yaml:1:9: error: groups must be a list (type)'],
    ['no name', 'groups: [{ rules: [] }]', 'r.yaml:1:10: error: a group needs a name (name)'],
    ['an alias to nothing', 'groups: *x', 'r.yaml:1:9: error: '],
    [
      'a bad interval',
      'groups: [{ name: g, interval: 5 minutes }]',
      'r.yaml:1:31: error: interval: not a duration: "5 minutes"',
    ],
    [
      'a bad limit',
      'groups: [{ name: g, limit: many }]',
      'r.yaml:1:28: error: limit must be a whole number, found "many" (type)',
    ],
    [
      'an expression over lines',
      inGroup('- alert: A', '  expr: |', '    up ==', '      foo{'),
      'r.yaml:7:18: error: group "g", rule 1, "A": could not parse expression',
    ],
    [
      'a quoted expression',
      inGroup('- alert: A', '  expr: "up +* 1"'),
      'r.yaml:5:20: error: group "g", rule 1, "A": could not parse expression',
    ],
    [
      'a label that is a list',
      inGroup('- alert: A', '  expr: up', '  labels: { a: [] }'),
      'r.yaml:6:22: error: labels.a must be a text, not a list (type)',
    ],
    [
      'a template',
      inGroup('- alert: A', '  expr: up', '  annotations:', '    a: "x {{ nope }}"'),
      'r.yaml:7:20: error: group "g", rule 1, "A": annotations.a: function "nope" not defined (template)',
    ],
    [
      'a keep_firing_for that is none',
      inGroup('- alert: A', '  expr: up', '  keep_firing_for: x'),
      'r.yaml:6:26: error: keep_firing_for: not a duration: "x"',
    ],
    [
      'annotations of a recording rule',
      inGroup('- record: a', '  expr: up', '  annotations: { a: b }'),
      `the field 'annotations' has no place in a recording rule (field)`,
    ],
  ])('%s', ([, text, expected]) => {
    expect(errors(text).join('\n')).toContain(expected)
  })

  test('names that Prometheus 2 does not know, where asked', () => {
    const text = inGroup('- record: a-b', '  expr: up', '  labels: { c-d: e }')

    expect(errors(text)).toEqual([])
    expect(errors(text, { names: 'legacy' })).toHaveLength(2)
  })

  test('any text gives groups or errors with places, never a throw', () => {
    const piece = fc.constantFrom(
      'groups:',
      '- name: g',
      ' ',
      '  ',
      '\n',
      'rules:',
      '- alert: A',
      'expr: up',
      '[',
      ']',
      '{',
      '}',
      '&a',
      '*a',
      '<<: *a',
      '|',
      '>-',
      '"',
      "'",
      ':',
      '- ',
      '~',
      '{{',
      '---',
    )
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
    )
    fc.assert(
      fc.property(text, (written) => {
        const found = load(written)

        expect(found.errors.every(({ line, column }) => line >= 1 && column >= 1)).toBe(true)
        expect(found.errors.length === 0 || found.groups.length === 0).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('unit-test files', () => {
  const run = async (text: string, rules = 'groups: []'): Promise<string> =>
    printUnitTestReport(
      await runUnitTests(
        { path: 't.yaml', text },
        { open: (glob) => (glob === 'r.yaml' ? [{ path: glob, text: rules }] : []) },
      ),
    )

  test('what is wrong is told with its place', async () => {
    expect(
      await run(`
rule_files: [r.yaml, none.yaml]
tests:
  - interval: 1m
    input_series:
      - { series: 'a{b=~"x"}', values: '1 2' }
      - { series: 'a', values: '1 two 3' }
    alert_rule_test:
      - { eval_time: 5 minutes, exp_alerts: [] }
    promql_expr_test:
      - { expr: 'sum(', eval_time: 1m }
`),
    ).toMatchInlineSnapshot(`
      "t.yaml: FAILED
        t.yaml:6:19: error: series: a metric has labels with =, not with =~ (series)
        t.yaml:7:32: error: values: "two" is no value; write 1, 1x5, 1+2x5, _, _x5 or stale (series)
        t.yaml:9:9: error: an alert test needs an alertname (field)
        t.yaml:9:22: error: eval_time: not a duration: "5 minutes"; write it like 30s, 5m or 1h30m (duration)
        t.yaml:11:22: error: expr: unclosed left parenthesis (expression)
        t.yaml:1:1: warning: no file matches "none.yaml" (rule_files)
      "
    `)
  })

  test('any values are read, or refused with a place', async () => {
    const piece = fc.constantFrom(
      '1',
      '+',
      '-',
      'x',
      '2',
      '_',
      'stale',
      ' ',
      'e',
      '.',
      'NaN',
      'Inf',
      '{{',
      '}}',
      '9999999999',
    )
    const values = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
    await fc.assert(
      fc.asyncProperty(values, fc.string({ maxLength: 10 }), async (written, metric) => {
        const text = JSON.stringify({
          tests: [{ input_series: [{ series: metric || 'a', values: written }] }],
        })
        const report = await runUnitTests({ path: 't', text }, { open: () => [] })

        expect(report.passed || report.findings.every(({ line, column }) => line > 0 && column > 0)).toBe(
          true,
        )
      }),
      { numRuns: 300 },
    )
  })

  test('values that differ, alerts that are missing', async () => {
    const text = `
rule_files: [r.yaml]
evaluation_interval: 1m
tests:
  - name: first
    input_series: [{ series: 'a{x="1"}', values: '1+1x3 _x2 stale 7' }]
    alert_rule_test:
      - { eval_time: 2m, alertname: High, exp_alerts: [{ exp_labels: { x: "1" }, exp_annotations: { v: "3" } }] }
      - { eval_time: 3m, alertname: High, exp_alerts: [] }
    promql_expr_test:
      - { expr: a, eval_time: 5m, exp_samples: [{ labels: 'a{x="1"}', value: 4 }] }
      - { expr: a, eval_time: 6m, exp_samples: [] }
      - { expr: a, eval_time: 7m, exp_samples: [{ labels: 'a{x="1"}', value: 8 }] }
      - { expr: a + on () group_left () {__name__=~"a|b"}, eval_time: 1m }
`
    const rules =
      'groups: [{ name: g, rules: [{ alert: High, expr: a > 2, annotations: { v: "{{ $value }}" } }] }]'

    expect(
      await run(
        text.replace('expr: a + on () group_left () {__name__=~"a|b"}', 'expr: "a == bool 1"'),
        rules,
      ),
    ).toMatchInlineSnapshot(`
      "t.yaml: FAILED
        FAILED  first
          t.yaml:9:9: High at 3m
            expected: none
            got:
              labels {alertname="High", x="1"}, annotations {v="4"}
          t.yaml:13:9: "a" at 7m
            expected:
              a{x="1"} 8
            got:
              a{x="1"} 7
          t.yaml:14:9: "a == bool 1" at 1m
            expected: none
            got:
              {x="1"} 0
      "
    `)
  })
})
