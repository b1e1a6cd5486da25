// `tidemark scan`: the health of a lake, once, without config or daemon.
import type { LogLevel } from '../io/log.ts'
import { ConfigError } from '../model/errors.ts'
import { type ExitCode, type Shell, print } from './command.ts'

interface Options {
  readonly json?: true
  readonly summary?: true
  readonly log: LogLevel
  readonly region: string
}

export function scanCommand({ program, finish }: Shell): void {
  program
    .command('scan')
    .description('no config, no daemon: find the tables below a path and print how they are')
    .argument('<paths...>', 'folders or s3://bucket/prefix')
    .option('--json', 'print everything as JSON')
    .option('--summary', 'one line a table only')
    .option('--region <region>', 'the AWS region whose prices count', 'us-east-1')
    .option('--log <level>', 'log level (debug, info, warn, error, silent)', 'error')
    .action(async (paths: string[], options: Options) => finish(await run(paths, options)))
}

async function run(paths: readonly string[], options: Options): Promise<ExitCode> {
  if (paths.includes('')) throw new ConfigError('scan: a path is empty; give a folder or s3://bucket/prefix')
  const { scan, scanJson, scanText } = await import('../scan/scan.ts')
  const { systemClock } = await import('../io/clock.ts')
  const { createIo } = await import('../io/io.ts')
  const { createLog } = await import('../io/log.ts')
  const { PricesConfig, loadPrices } = await import('../advisors/advisors.ts')
  const io = createIo({ clock: systemClock, log: createLog(options.log), base: process.cwd() })
  const now = systemClock.now()
  const ask = { now, signal: new AbortController().signal }
  const prices = loadPrices(PricesConfig.parse({ region: options.region }))
  const result = await scan(paths, io, ask, progress(process.stderr), prices)
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  if (options.json) print(`${JSON.stringify(scanJson(result), null, 2)}\n`)
  else {
    const colour = process.stdout.isTTY && !process.env['NO_COLOR']
    print(scanText(result, { now, colour, summary: options.summary ?? false }))
  }
  if (result.badInput) return 2
  return result.problems.length > 0 ? 1 : 0
}

const WIDTH = 30

function progress(terminal: typeof process.stderr): (read: number, total: number) => void {
  if (!terminal.isTTY) return () => undefined
  return (read, total) => {
    const filled = Math.round((WIDTH * read) / Math.max(total, 1))
    terminal.write(`\r\u001b[K${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${read} of ${total} tables`)
  }
}
