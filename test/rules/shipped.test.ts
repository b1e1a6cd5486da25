// The rules we ship: they load, their unit tests pass, and each alert has what a person on call needs.
import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { type RuleFileText, loadRuleFiles, printUnitTestReport, runUnitTests } from '../../src/rules/rules.ts'

const root = path.resolve(import.meta.dirname, '../..')
const read = (file: string): RuleFileText => ({
  path: path.relative(root, file),
  text: fs.readFileSync(file, 'utf8'),
})
const find = (glob: string, cwd = root): string[] =>
  fs
    .globSync(glob, { cwd })
    .toSorted()
    .map((file) => path.resolve(cwd, file))

const shipped = loadRuleFiles(find('rules/*.yaml').map(read))
const alerts = shipped.groups.flatMap(({ rules }) => rules).filter((rule) => rule.kind === 'alerting')

test('they load', () => {
  expect([...shipped.errors, ...shipped.warnings]).toEqual([])
  expect(alerts.length).toBeGreaterThan(20)
})

test.for(find('rules/tests/*.test.yaml'))('%s', async (file) => {
  const folder = path.dirname(file)
  const report = await runUnitTests(read(file), { open: (glob) => find(glob, folder).map(read) })

  expect(printUnitTestReport(report)).toContain(': passed\n')
  expect(report.passed).toBe(true)
})

test.for(alerts.map((rule) => [rule.name, rule] as const))(
  '%s has severity, texts and a runbook',
  ([name, rule]) => {
    const labels = Object.fromEntries(rule.labels.map((label) => [label.name, label.text]))
    const annotations = Object.fromEntries(
      rule.annotations.map((annotation) => [annotation.name, annotation.text]),
    )

    expect(['warn', 'error']).toContain(labels['severity'])
    expect(annotations['summary']).toBeTruthy()
    expect(annotations['description']).toMatch(/expected|deadline/i)
    expect(annotations['runbook_url']).toBe(`docs/runbooks/${name}.md`)
    expect(fs.readFileSync(path.join(root, annotations['runbook_url']!), 'utf8')).toContain(`# ${name}`)
  },
)

test('every alert has a unit test', () => {
  const tests = find('rules/tests/*.test.yaml')
    .map((file) => read(file).text)
    .join('\n')

  expect(
    alerts
      .map(({ name }) => name)
      .filter(
        (name) =>
          !tests.includes(name) && !(name.startsWith('TableSchema') && tests.includes('TableSchema.*')),
      ),
  ).toEqual([])
})
