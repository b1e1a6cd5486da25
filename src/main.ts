#!/usr/bin/env node
// argv → command; the only place that ends the process.
import fs from 'node:fs'
import { Command, CommanderError } from 'commander'
import { alertsCommand } from './commands/alerts.ts'
import type { ExitCode, Shell } from './commands/command.ts'
import { configCommand } from './commands/config.ts'
import { queryCommand } from './commands/query.ts'
import { rulesCommand } from './commands/rules.ts'
import { runCommand } from './commands/run.ts'
import { scanCommand } from './commands/scan.ts'
import { ConfigError, explainError } from './model/errors.ts'

const { version } = JSON.parse(fs.readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}

async function main(): Promise<ExitCode> {
  let code: ExitCode = 0
  const program = new Command('tidemark')
    .description('Watches data pipelines and lakehouse tables; says what is late, broken, slow or wasteful.')
    .version(version)
    .showHelpAfterError()
    .exitOverride()
  const shell: Shell = { program, version, finish: (result) => (code = result) }
  for (const add of [runCommand, scanCommand, queryCommand, alertsCommand, rulesCommand, configCommand])
    add(shell)
  try {
    await program.parseAsync(process.argv)
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    process.stderr.write(`tidemark: ${explainError(error)}\n`)
    return error instanceof ConfigError ? 2 : 1
  }
  return code
}

// A reader that went away (`| head`) is no error of ours.
process.stdout.on('error', () => process.exit(0))
process.exitCode = await main()
// What still waits (an idle connection) does not keep a finished command alive.
process.exit()
