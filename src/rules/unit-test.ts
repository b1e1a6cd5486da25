// Runs unit-test files as promtool does: groups at the test's own interval, firing alerts and samples compared.
import { explainError } from '../model/errors.ts'
import type { Labels } from '../model/series.ts'
import { type Timestamp, millis, plus, printDuration } from '../model/units.ts'
import {
  type Engine,
  type MemorySeries,
  createEngine,
  formatShort,
  matchersOf,
  memorySeries,
} from '../promql/promql.ts'
import { type Finding, printFinding } from './finding.ts'
import { type GroupPorts, type GroupReport, type GroupState, evaluateGroup, groupId } from './group.ts'
import { labelsKey, printLabels } from './labels.ts'
import { engineQuery, instantVector } from './query.ts'
import { type GroupDefinition, type RuleFileText, loadRuleFiles } from './rule-file.ts'
import {
  type AlertTest,
  type ExprTest,
  type InputSeries,
  type TestFile,
  type UnitTest,
  readTestFile,
} from './test-file.ts'
import type { Place } from './yaml-reader.ts'

export interface UnitTestOptions {
  /** The files that a glob of `rule_files` stands for; it is relative to the test file's folder. */
  readonly open: (glob: string) => readonly RuleFileText[]
  /** Only tests whose name this matches. */
  readonly run?: RegExp
  readonly ignoreUnknownFields?: boolean
}

export interface UnitTestResult {
  readonly name: string
  readonly place: Place
  /** One readable text each; empty: passed. */
  readonly failures: readonly string[]
  /** Cases that need native histograms, which we do not read. */
  readonly skipped: readonly string[]
}

export interface UnitTestReport {
  readonly path: string
  readonly passed: boolean
  /** Files that do not load, globs that match nothing. */
  readonly findings: readonly Finding[]
  readonly tests: readonly UnitTestResult[]
}

export async function runUnitTests(source: RuleFileText, options: UnitTestOptions): Promise<UnitTestReport> {
  const ignoreUnknownFields = options.ignoreUnknownFields === true
  const { file, reader } = readTestFile(source, ignoreUnknownFields)
  const findings = [...reader.findings]
  const files = file.ruleFiles.flatMap((glob) => {
    const found = options.open(glob)
    if (found.length === 0) {
      const message = `no file matches ${JSON.stringify(glob)}`
      findings.push({
        path: source.path,
        line: 1,
        column: 1,
        severity: 'warning',
        check: 'rule_files',
        message,
      })
    }
    return found
  })
  const loaded = loadRuleFiles(files, { ignoreUnknownFields })
  findings.push(...loaded.errors, ...loaded.warnings)
  const tests: UnitTestResult[] = []
  const broken = findings.some(({ severity }) => severity === 'error')
  if (!broken) {
    for (const test of file.tests) {
      if (options.run === undefined || options.run.test(test.name))
        tests.push(await runTest(file, test, ordered(loaded.groups, file.groupOrder)))
    }
  }
  return {
    path: source.path,
    passed: !broken && tests.every(({ failures }) => failures.length === 0),
    findings,
    tests,
  }
}

/** Groups that the order does not name come first, as they do in promtool. */
const ordered = (groups: readonly GroupDefinition[], order: readonly string[]): GroupDefinition[] =>
  groups.toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name))

interface Run {
  readonly file: TestFile
  readonly test: UnitTest
  readonly engine: Engine
  /** What the groups said at their last evaluation. */
  readonly reports: Map<string, GroupReport>
  readonly failures: string[]
  readonly skipped: string[]
}

async function runTest(
  file: TestFile,
  test: UnitTest,
  groups: readonly GroupDefinition[],
): Promise<UnitTestResult> {
  const series = memorySeries()
  const engine = createEngine(series, { subqueryStep: file.evaluationInterval })
  const run: Run = { file, test, engine, reports: new Map(), failures: [], skipped: [] }
  const ports: GroupPorts = {
    query: engineQuery(engine),
    writer: series,
    external: { labels: test.externalLabels, url: test.externalUrl },
    defaults: { interval: file.evaluationInterval, queryOffset: millis(0) },
    recorded: () => [],
    whereabouts: null,
  }
  const last = Math.max(0, ...test.alertTests.map(({ at }) => at), ...test.exprTests.map(({ at }) => at))
  const inputs = test.series.filter(({ native }) => !native)
  let loaded = 0
  for (let after = 0; after <= last; after += file.evaluationInterval) {
    const at = plus(test.start, millis(after))
    loaded = loadTill(series, inputs, test, loaded, at)
    const errors = await evaluateAll(groups, run.reports, at, ports)
    if (errors.length > 0) {
      const when = printDuration(millis(after))
      return {
        name: test.name,
        place: test.place,
        failures: errors.map((error) => `at ${when}: ${error}`),
        skipped: [],
      }
    }
    for (const alertTest of test.alertTests) {
      if (after <= alertTest.at && alertTest.at < after + file.evaluationInterval) checkAlerts(alertTest, run)
    }
  }
  loadTill(series, inputs, test, loaded, plus(test.start, millis(last)))
  for (const exprTest of test.exprTests) checkExpr(exprTest, run)
  return { name: test.name, place: test.place, failures: run.failures, skipped: run.skipped }
}

/** Samples appear when their time has come: a rule does not see the future. Answers how many of each are there. */
function loadTill(
  series: MemorySeries,
  inputs: readonly InputSeries[],
  test: UnitTest,
  from: number,
  at: Timestamp,
): number {
  const till = Math.floor((at - test.start) / test.interval) + 1
  if (till <= from) return from
  for (const { labels, points } of inputs) {
    const fresh = points
      .slice(from, till)
      .flatMap((point, i) => (point === null ? [] : [{ point, at: test.start + (from + i) * test.interval }]))
    if (fresh.length === 0) continue
    series.load(labels, {
      timestamps: fresh.map((sample) => sample.at),
      values: fresh.map(({ point }) => (point === 'stale' ? NaN : point)),
      stale: fresh.map(({ point }) => point === 'stale'),
    })
  }
  return till
}

async function evaluateAll(
  groups: readonly GroupDefinition[],
  reports: Map<string, GroupReport>,
  at: Timestamp,
  ports: GroupPorts,
): Promise<string[]> {
  const errors: string[] = []
  for (const group of groups) {
    const id = groupId(group)
    const before: GroupState = reports.get(id)?.state ?? { group: id, at: null, rules: [] }
    const report = await evaluateGroup(group, before, at, ports)
    reports.set(id, report)
    for (const { rule, error } of report.rules) if (error !== null) errors.push(`rule ${rule.name}: ${error}`)
  }
  return errors
}

function checkAlerts(test: AlertTest, run: Run): void {
  const got = [...run.reports.values()]
    .flatMap((report) => report.rules)
    .filter(({ rule }) => rule.kind === 'alerting' && rule.name === test.alertname)
    .flatMap(({ alerts }) => alerts.filter(({ state }) => state.phase === 'firing'))
  const write = ({ labels, annotations }: { labels: Labels; annotations: Labels }): string =>
    `labels ${printLabels(labels)}, annotations ${printLabels(annotations)}`
  const [wanted, found] = [test.expected.map(write).toSorted(), got.map(write).toSorted()]
  if (wanted.length === found.length && wanted.every((text, i) => text === found[i])) return
  fail(`${test.alertname} at ${printDuration(test.at)}`, wanted, found, test.place, run)
}

function checkExpr(test: ExprTest, run: Run): void {
  const title = `${JSON.stringify(test.exprText)} at ${printDuration(test.at)}`
  const natives = new Set(
    run.test.series.filter(({ native }) => native).map(({ labels }) => labels['__name__']),
  )
  if (test.native || matchersOf(test.expr).some(({ name }) => natives.has(name))) {
    run.skipped.push(`${title}: native histograms are not supported`)
    return
  }
  try {
    const got = instantVector(run.engine, test.expr, plus(run.test.start, test.at))
    if (sameSamples(test.expected, got, run.file.fuzzy)) return
    const write = ({ labels, value }: { labels: Labels; value: number }): string =>
      `${printLabels(labels)} ${formatShort(value)}`
    fail(title, test.expected.map(write).toSorted(), got.map(write).toSorted(), test.place, run)
  } catch (error) {
    run.failures.push(`${place(test.place, run)}: ${title}: ${explainError(error)}`)
  }
}

type Valued = { readonly labels: Labels; readonly value: number }

function sameSamples(expected: readonly Valued[], got: readonly Valued[], fuzzy: boolean): boolean {
  const sorted = (samples: readonly Valued[]): Valued[] =>
    samples.toSorted((a, b) => (labelsKey(a.labels) < labelsKey(b.labels) ? -1 : 1))
  const [wanted, found] = [sorted(expected), sorted(got)]
  return (
    wanted.length === found.length &&
    wanted.every(
      ({ labels, value }, i) =>
        labelsKey(labels) === labelsKey(found[i]!.labels) && sameValue(value, found[i]!.value, fuzzy),
    )
  )
}

/** Fuzzy: one float away from each other. */
function sameValue(a: number, b: number, fuzzy: boolean): boolean {
  return a === b || (fuzzy && (neighbour(a, 1n) === b || neighbour(a, -1n) === b))
}

function neighbour(value: number, direction: 1n | -1n): number {
  if (!Number.isFinite(value)) return value
  if (value === 0) return Number(direction) * Number.MIN_VALUE
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  view.setBigInt64(0, view.getBigInt64(0) + (value > 0 ? direction : -direction))
  return view.getFloat64(0)
}

function fail(title: string, expected: readonly string[], got: readonly string[], at: Place, run: Run): void {
  const list = (texts: readonly string[]): string =>
    texts.length === 0 ? ' none' : texts.map((text) => `\n    ${text}`).join('')
  run.failures.push(`${place(at, run)}: ${title}\n  expected:${list(expected)}\n  got:${list(got)}`)
}

const place = ({ line, column }: Place, { file }: Run): string => `${file.path}:${line}:${column}`

/** What a person reads: one line a test, failures below it. */
export function printUnitTestReport({ path, passed, findings, tests }: UnitTestReport): string {
  const lines = [
    `${path}: ${passed ? 'passed' : 'FAILED'}`,
    ...findings.map((finding) => `  ${printFinding(finding)}`),
  ]
  for (const { name, failures, skipped } of tests) {
    lines.push(`  ${failures.length === 0 ? 'ok' : 'FAILED'}  ${name}`)
    for (const text of [...failures, ...skipped.map((skip) => `skipped: ${skip}`)])
      lines.push(text.replaceAll(/^/gm, '    '))
  }
  return `${lines.join('\n')}\n`
}
