#!/usr/bin/env node
// argv → command; the only process.exit.
import fs from 'node:fs'
import process from 'node:process'
import { Command, CommanderError } from 'commander'
import { stringify } from 'yaml'
import { runAgent } from './agent/agent.ts'
import { configJsonSchema, loadConfig } from './config/config.ts'
import { systemClock } from './io/clock.ts'
import { type LogLevel, createLog } from './io/log.ts'
import { createIo } from './io/io.ts'
import { ConfigError, explainError } from './model/errors.ts'
import { scan, scanJson, scanText } from './scan/scan.ts'

/** 0 all is well, 1 something is wrong with what is watched, 2 bad input or config. */
type ExitCode = 0 | 1 | 2

/** A shutdown that takes longer than this is ended the hard way. */
const SHUTDOWN_MS = 9_000

const { version } = JSON.parse(fs.readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}

async function runCommand(options: { config: string }): Promise<ExitCode> {
  const ending = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      ending.abort(new Error(`received ${name}`))
      setTimeout(() => process.exit(1), SHUTDOWN_MS).unref()
    })
  }
  let loaded = loadConfig(options.config)
  let reload: AbortController
  const log = createLog(loaded.config.log)
  do {
    reload = new AbortController()
    const again = async () => {
      loaded = loadConfig(options.config)
      log.info({ file: options.config }, 'the configuration is read again')
      reload.abort(new Error('reload'))
    }
    const onHangup = () =>
      void again().catch((error) => log.error({ error: explainError(error) }, 'reload refused'))
    process.on('SIGHUP', onHangup)
    await runAgent({
      loaded,
      version,
      clock: systemClock,
      log,
      signal: AbortSignal.any([ending.signal, reload.signal]),
      reload: again,
      onListening: (url) =>
        process.stdout.write(
          banner(
            url,
            loaded.config.sources.map(({ name }) => name),
          ),
        ),
    })
    process.off('SIGHUP', onHangup)
  } while (!ending.signal.aborted)
  log.info({}, 'ended')
  return 0
}

const banner = (url: string, sources: readonly string[]): string => `
Tidemark ${version} watches ${sources.join(', ')}

  tables    ${url}/api/tidemark/tables
  sources   ${url}/api/tidemark/sources
  metrics   ${url}/metrics
  health    ${url}/-/healthy   ${url}/-/ready

Try next, in another terminal:
  curl -s ${url}/metrics | grep last_change
  npm run -s tidemark -- scan examples/lake
Ctrl-C ends it.

`

async function scanCommand(
  paths: string[],
  options: { json?: true; summary?: true; log: LogLevel },
): Promise<ExitCode> {
  const io = createIo({ clock: systemClock, log: createLog(options.log), base: process.cwd() })
  const now = systemClock.now()
  const result = await scan(
    paths,
    io,
    { now, signal: new AbortController().signal },
    progress(process.stderr),
  )
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  if (options.json) process.stdout.write(`${JSON.stringify(scanJson(result), null, 2)}\n`)
  else {
    const colour = process.stdout.isTTY && !process.env['NO_COLOR']
    process.stdout.write(scanText(result, { now, colour, summary: options.summary ?? false }))
  }
  if (result.badInput) return 2
  return result.problems.length > 0 ? 1 : 0
}

function progress(terminal: typeof process.stderr): (read: number, total: number) => void {
  if (!terminal.isTTY) return () => undefined
  const width = 30
  return (read, total) => {
    const filled = Math.round((width * read) / Math.max(total, 1))
    terminal.write(`\r\u001b[K${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${read} of ${total} tables`)
  }
}

function program(finish: (code: ExitCode) => void): Command {
  const tidemark = new Command('tidemark')
    .description('Watches data pipelines and lakehouse tables; says what is late, broken, slow or wasteful.')
    .version(version)
    .showHelpAfterError()
    .exitOverride()
  tidemark
    .command('run')
    .description('run the daemon')
    .requiredOption('-c, --config <file>', 'the configuration file')
    .action(async (options: { config: string }) => finish(await runCommand(options)))
  tidemark
    .command('scan')
    .description('no config, no daemon: find the tables below a path and print how they are')
    .argument('<paths...>', 'folders or s3://bucket/prefix')
    .option('--json', 'print everything as JSON')
    .option('--summary', 'one line a table only')
    .option('--log <level>', 'log level (debug, info, warn, error, silent)', 'error')
    .action(async (paths: string[], options: { json?: true; summary?: true; log: LogLevel }) =>
      finish(await scanCommand(paths, options)),
    )
  const config = tidemark.command('config').description('check, print or describe the configuration')
  config
    .command('check')
    .description('validate a configuration file')
    .requiredOption('-c, --config <file>', 'the configuration file')
    .action((options: { config: string }) => {
      loadConfig(options.config)
      process.stdout.write(`${options.config} is valid\n`)
    })
  config
    .command('print')
    .description('print the effective configuration, secrets hidden')
    .requiredOption('-c, --config <file>', 'the configuration file')
    .action(
      (options: { config: string }) =>
        void process.stdout.write(stringify(loadConfig(options.config).printable)),
    )
  config
    .command('schema')
    .description('print the JSON Schema of the configuration file, for editors')
    .action(() => void process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`))
  return tidemark
}

async function main(): Promise<ExitCode> {
  let code: ExitCode = 0
  try {
    await program((result) => (code = result)).parseAsync(process.argv)
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
