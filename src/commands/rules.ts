// `tidemark rules`: check and unit-test Prometheus rule files.
import path from 'node:path'
import { readRuleFiles } from '../config/config.ts'
import { loadRuleFiles, printFinding, printUnitTestReport, runUnitTests } from '../rules/rules.ts'
import { type ExitCode, type Shell, print } from './command.ts'

export function rulesCommand({ program, finish }: Shell): void {
  const rules = program.command('rules').description('check and test Prometheus rule files')
  rules
    .command('check')
    .description('validate rule files')
    .argument('<files...>', 'rule files or globs')
    .action((files: string[]) => finish(check(files)))
  rules
    .command('test')
    .description("run unit tests in promtool's format")
    .argument('<files...>', 'test files or globs')
    .option('--run <pattern>', 'only tests whose name this regular expression matches')
    .action(async (files: string[], options: { run?: string }) => finish(await test(files, options.run)))
}

function check(files: readonly string[]): ExitCode {
  const { groups, errors, warnings } = loadRuleFiles(readRuleFiles(files, process.cwd()))
  for (const finding of [...errors, ...warnings]) print(`${printFinding(finding)}\n`)
  const count = groups.reduce((sum, group) => sum + group.rules.length, 0)
  print(`${groups.length} groups, ${count} rules, ${errors.length} errors, ${warnings.length} warnings\n`)
  return errors.length > 0 ? 2 : 0
}

async function test(files: readonly string[], run: string | undefined): Promise<ExitCode> {
  let failed = false
  for (const file of readRuleFiles(files, process.cwd())) {
    const report = await runUnitTests(file, {
      open: (glob) => readRuleFiles([glob], path.dirname(file.path)),
      ...(run === undefined ? {} : { run: new RegExp(run) }),
    })
    failed ||= !report.passed
    print(printUnitTestReport(report))
  }
  return failed ? 1 : 0
}
