#!/usr/bin/env node
// argv → command; the only place that ends the process.
import fs from 'node:fs'
import { enableCompileCache } from 'node:module'
import { Command, CommanderError } from 'commander'
import type { ExitCode, Shell } from './commands/command.ts'
import { ConfigError, explainError } from './model/errors.ts'

const { version } = JSON.parse(fs.readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}

// What was stripped of types and compiled once is not at the next start: `top` has half a second to show something.
enableCompileCache()

/** Only the command that was asked for is loaded: the daemon's parts take a second that `top` does not have. */
const COMMANDS: ReadonlyArray<{
  readonly names: readonly string[]
  readonly load: () => Promise<(shell: Shell) => void>
}> = [
  { names: ['run'], load: async () => (await import('./commands/run.ts')).runCommand },
  { names: ['scan'], load: async () => (await import('./commands/scan.ts')).scanCommand },
  { names: ['top'], load: async () => (await import('./commands/top.ts')).topCommand },
  { names: ['query'], load: async () => (await import('./commands/query.ts')).queryCommand },
  {
    names: ['alerts', 'explain', 'ack', 'silence'],
    load: async () => (await import('./commands/alerts.ts')).alertsCommand,
  },
  { names: ['advise'], load: async () => (await import('./commands/advise.ts')).adviseCommand },
  { names: ['rules'], load: async () => (await import('./commands/rules.ts')).rulesCommand },
  { names: ['doctor'], load: async () => (await import('./commands/doctor.ts')).doctorCommand },
  { names: ['config'], load: async () => (await import('./commands/config.ts')).configCommand },
]

const EXAMPLES = `
Examples:
  tidemark scan s3://company-lake/gold     how the tables below a path are
  tidemark config check -c tidemark.yaml   what is wrong with a configuration, and where
  tidemark run -c tidemark.yaml            watch; the other commands ask this daemon
  tidemark top                             look at it

Exit codes: 0 all is well, 1 something is wrong with what is watched or could not be reached, 2 bad input or
configuration. Of \`top --once\`: 0 all is well, 1 a warning, 2 something bad.`

async function main(): Promise<ExitCode> {
  let code: ExitCode = 0
  const program = new Command('tidemark')
    .description('Watches data pipelines and lakehouse tables; says what is late, broken, slow or wasteful.')
    .version(version)
    .showHelpAfterError()
    .addHelpText('after', EXAMPLES)
    .exitOverride()
  const shell: Shell = { program, version, finish: (result) => (code = result) }
  const asked = COMMANDS.filter(({ names }) => names.includes(process.argv[2] ?? ''))
  for (const { load } of asked.length > 0 ? asked : COMMANDS) (await load())(shell)
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
// A pipe takes 64 KiB at once: whoever reads slowly still gets all that was printed.
await new Promise((resolve) => process.stdout.write('', resolve))
// What still waits (an idle connection) does not keep a finished command alive.
process.exit()
