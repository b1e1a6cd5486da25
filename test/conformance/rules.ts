// Runs other people's rule files and rule unit tests: `node test/conformance/rules.ts DIR`.
// Good files load, bad ones are refused for the right reason, test files get the verdict that promtool gives.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { printFinding, loadRuleFiles, runUnitTests, type RuleFileText } from '../../src/rules/rules.ts'

/** Why a bad file must be refused, by file name: a text that its findings must hold. */
const REASONS: Readonly<Record<string, RegExp>> = {
  'bad_expr.bad.yaml': /could not parse expression: expected type range vector/,
  'bad_field.bad.yaml': /unknown field "annotation"/,
  'duplicate_grp.bad.yaml': /group name "yolo" is repeated/,
  'invalid_label_name.bad.yaml': /invalid label name: "__name__"/,
  'invalid_record_name.bad.yaml': /braces in the recorded name/,
  'legacy_validation_annotation.bad.yaml': /invalid annotation name: "ins-tance"/,
  'no_rec_alert.bad.yaml': /one of 'record' or 'alert' must be set/,
  'noexpr.bad.yaml': /'expr' must be set/,
  'record_and_alert.bad.yaml': /only one of 'record' and 'alert'/,
  'record_and_for.bad.yaml': /'for' has no place in a recording rule/,
  'record_and_keep_firing_for.bad.yaml': /'keep_firing_for' has no place in a recording rule/,
  'invalid_rules.yaml': /unknown field "unexpected_field"/,
  'rules-bad.yml': /undefined variable "\$label"/,
  'rules_extrafields.yml': /unknown field "namespace"/,
  'bad-rules-syntax.yml': /could not parse expression: unexpected end of input/,
}

/** Runs of promtool's test files with the arguments and the verdicts of its own tests. */
interface Run {
  readonly passes: boolean
  readonly run?: RegExp
  readonly ignoreUnknownFields?: boolean
}
const RUNS: Readonly<Record<string, readonly Run[]>> = {
  'unittest.yml': [{ passes: true }],
  'long-period.yml': [{ passes: true }],
  'start-time-test.yml': [{ passes: true }],
  'at-modifier-test.yml': [{ passes: true }],
  'negative-offset-test.yml': [{ passes: true }],
  'no-test-group-interval.yml': [{ passes: true }],
  'bad-input-series.yml': [{ passes: false }],
  'bad-promql.yml': [{ passes: false }],
  'bad-rules-error-test.yml': [{ passes: false }],
  'bad-rules-syntax-test.yml': [{ passes: false }],
  'failing.yml': [{ passes: false }],
  'rules_run.yml': [{ passes: false }, { passes: true, run: /^correct/ }, { passes: false, run: /^wrong/ }],
  'rules_run_fuzzy.yml': [
    { passes: true, run: /^correct/ },
    { passes: false, run: /^wrong/ },
  ],
  'rules_run_no_fuzzy.yml': [{ passes: false }],
  'rules_run_extrafields.yml': [{ passes: false }, { passes: true, ignoreUnknownFields: true }],
}

const tally = { passed: 0, failed: 0, skipped: 0 }
const pass = (ok: boolean, title: string, detail: string): void => {
  if (ok) tally.passed += 1
  else {
    tally.failed += 1
    console.log(`FAILED ${title}: ${detail}`)
  }
}
const skip = (title: string, why: string): void => {
  tally.skipped += 1
  console.log(`skipped ${title}: ${why}`)
}

const read = (file: string): RuleFileText => ({ path: file, text: fs.readFileSync(file, 'utf8') })

function checkRules(file: string): void {
  const name = path.basename(file)
  const names = name.startsWith('legacy_validation') ? 'legacy' : 'utf-8'
  const { groups, errors } = loadRuleFiles([read(file)], { names })
  const said = errors.map(printFinding).join('\n')
  const reason = REASONS[name]
  const bad = reason !== undefined || name.includes('.bad.')
  if (!bad) {
    pass(errors.length === 0 && groups.length > 0, file, `expected to load: ${said}`)
    return
  }
  const placed = errors.every(({ line, column }) => line > 0 && column > 0)
  pass(
    errors.length > 0 && groups.length === 0 && placed && (reason?.test(said) ?? true),
    file,
    `expected to be refused for ${reason}: ${said || 'loaded'}`,
  )
}

async function checkTests(file: string): Promise<void> {
  const runs = RUNS[path.basename(file)] ?? verdictOfPromtool(file)
  if (runs === null) return skip(file, 'no known verdict, and no promtool to ask')
  const folder = path.dirname(file)
  const open = (glob: string): RuleFileText[] =>
    fs.globSync(glob, { cwd: folder }).map((found) => read(path.resolve(folder, found)))
  for (const { passes, ...options } of runs) {
    const report = await runUnitTests(read(file), { open, ...options })
    const title = `${file} ${options.run ?? ''}${options.ignoreUnknownFields ? ' ignoring unknown fields' : ''}`
    const details = [
      ...report.findings.map(printFinding),
      ...report.tests.flatMap(({ failures }) => failures),
    ]
    pass(report.passed === passes, title, `expected to ${passes ? 'pass' : 'fail'}: ${details.join('\n')}`)
    for (const test of report.tests) for (const skipped of test.skipped) skip(title, skipped)
  }
}

function verdictOfPromtool(file: string): Run[] | null {
  try {
    execFileSync('promtool', ['test', 'rules', file], { stdio: 'pipe' })
    return [{ passes: true }]
  } catch (error) {
    return typeof error === 'object' &&
      error !== null &&
      'status' in error &&
      typeof error.status === 'number'
      ? [{ passes: false }]
      : null
  }
}

const [directory, flag, minimum] = process.argv.slice(2)
if (directory === undefined) {
  console.error('usage: node test/conformance/rules.ts DIR [--min-passed N]')
  process.exit(2)
}
const files = fs.globSync('**/*.{yml,yaml}', { cwd: directory }).toSorted()
for (const file of files.map((name) => path.join(directory, name))) {
  const text = fs.readFileSync(file, 'utf8')
  if (/^tests:/m.test(text)) await checkTests(file)
  else if (/^groups:/m.test(text)) checkRules(file)
}
console.log(JSON.stringify(tally))
const least = flag === '--min-passed' ? Number(minimum) : 1
process.exitCode = tally.failed > 0 || !(tally.passed >= least) ? 1 : 0
