// `tidemark rules`: check, unit-test and replay Prometheus rule files.
import path from 'node:path'
import { Option } from 'commander'
import { z } from 'zod'
import { ConfigError } from '../model/errors.ts'
import { parseDuration } from '../model/units.ts'
import type { Backtest, Finding } from '../rules/rules.ts'
import { type ExitCode, type Shell, print } from './command.ts'
import { type DaemonOptions, asksDaemon, clientOf } from './daemon.ts'

interface CheckOptions {
  readonly url?: string
  readonly token?: string
}

export function rulesCommand({ program, finish }: Shell): void {
  const rules = program.command('rules').description('check, test and replay Prometheus rule files')
  rules
    .command('check')
    .description('validate and lint rule files; with --url thresholds are held against stored history')
    .argument('<files...>', 'rule files or globs')
    .option('--url <url>', 'a running daemon whose history is looked at')
    .addOption(new Option('--token <token>', 'bearer token').env('TIDEMARK_TOKEN'))
    .action(async (files: string[], options: CheckOptions) => finish(await check(files, options)))
  rules
    .command('test')
    .description("run unit tests in promtool's format")
    .argument('<files...>', 'test files or globs')
    .option('--run <pattern>', 'only tests whose name this regular expression matches')
    .action(async (files: string[], options: { run?: string }) => finish(await test(files, options.run)))
  asksDaemon(
    rules
      .command('backtest')
      .description(
        "replay rule files over a running daemon's history: what would have fired, for how long, how often",
      )
      .argument('<files...>', 'rule files or globs')
      .option('--since <length>', 'how far back', '30d'),
  ).action(async (files: string[], options: DaemonOptions & { since: string }) => replay(files, options))
}

const Findings = z.object({ findings: z.array(z.custom<Finding>()) })

async function check(paths: readonly string[], options: CheckOptions): Promise<ExitCode> {
  const { readRuleFiles } = await import('../config/config.ts')
  const { printFinding } = await import('../rules/rules.ts')
  const files = readRuleFiles(paths, process.cwd())
  const findings =
    options.url === undefined
      ? await lint(files)
      : await lintByDaemon(files, { ...options, url: options.url })
  for (const finding of findings) print(`${printFinding(finding)}\n`)
  const errors = findings.filter(({ severity }) => severity === 'error').length
  print(`${files.length} files, ${errors} errors, ${findings.length - errors} warnings\n`)
  return errors > 0 ? 2 : findings.length > 0 ? 1 : 0
}

type Files = ReadonlyArray<{ readonly path: string; readonly text: string }>

async function lint(files: Files): Promise<readonly Finding[]> {
  const { catalogue } = await import('../agent/agent.ts')
  const { lintRules, loadRuleFiles } = await import('../rules/rules.ts')
  const { groups, errors, warnings } = loadRuleFiles(files)
  const names = catalogue.metrics.map(({ name }) => name)
  return [...errors, ...warnings, ...(await lintRules(groups, { describe: catalogue.describe, names }))]
}

const lintByDaemon = async (files: Files, options: DaemonOptions): Promise<readonly Finding[]> =>
  Findings.parse(await clientOf(options).send('POST', '/api/tidemark/rules/check', { files })).findings

async function test(files: readonly string[], run: string | undefined): Promise<ExitCode> {
  const { readRuleFiles } = await import('../config/config.ts')
  const { printUnitTestReport, runUnitTests } = await import('../rules/rules.ts')
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

async function replay(paths: readonly string[], options: DaemonOptions & { since: string }): Promise<void> {
  const since = parseDuration(options.since)
  if (since === undefined) {
    throw new ConfigError(`--since: expected a duration such as 30d, found ${JSON.stringify(options.since)}`)
  }
  const { readRuleFiles } = await import('../config/config.ts')
  const { printBacktest } = await import('../rules/rules.ts')
  const files = readRuleFiles(paths, process.cwd())
  const answer = await clientOf(options).send('POST', '/api/tidemark/rules/backtest', { files, since })
  print(options.json ? `${JSON.stringify(answer, null, 2)}\n` : printBacktest(answer as Backtest))
}
