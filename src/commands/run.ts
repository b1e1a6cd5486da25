// `tidemark run`: the daemon, with its signals, its reload and its banner.
import { explainError } from '../model/errors.ts'
import { type ExitCode, type Shell, print } from './command.ts'

/** A shutdown that takes longer than this is ended the hard way. */
const SHUTDOWN_MS = 9_000

export function runCommand({ program, version, finish }: Shell): void {
  program
    .command('run')
    .description('run the daemon')
    .requiredOption('-c, --config <file>', 'the configuration file')
    .action(async (options: { config: string }) => finish(await run(options.config, version)))
}

async function run(file: string, version: string): Promise<ExitCode> {
  const { loadConfig } = await import('../config/config.ts')
  const { runAgent } = await import('../agent/agent.ts')
  const { systemClock } = await import('../io/clock.ts')
  const { createLog } = await import('../io/log.ts')
  const ending = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      ending.abort(new Error(`received ${name}`))
      setTimeout(() => process.exit(1), SHUTDOWN_MS).unref()
    })
  }
  let loaded = loadConfig(file)
  const log = createLog(loaded.config.log)
  do {
    const reloading = new AbortController()
    const reload = async () => {
      loaded = loadConfig(file)
      log.info({ file }, 'the configuration is read again')
      reloading.abort(new Error('reload'))
    }
    const onHangup = () =>
      void reload().catch((error: unknown) =>
        log.error({ error: explainError(error) }, 'the new configuration is refused, the old one stays'),
      )
    process.on('SIGHUP', onHangup)
    await runAgent({
      loaded,
      version,
      clock: systemClock,
      log,
      signal: AbortSignal.any([ending.signal, reloading.signal]),
      reload,
      onListening: (url) =>
        print(
          banner(
            version,
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

/** Where the other commands look by themselves. */
const USUAL_URL = 'http://127.0.0.1:9464'

function banner(version: string, url: string, sources: readonly string[]): string {
  const at = url === USUAL_URL ? '' : ` --url ${url}`
  return `
Tidemark ${version} watches ${sources.join(', ')}

  tables    ${url}/api/tidemark/tables
  sources   ${url}/api/tidemark/sources
  metrics   ${url}/metrics
  alerts    ${url}/api/v1/alerts
  Grafana   add ${url} as a Prometheus data source
  health    ${url}/-/healthy   ${url}/-/ready

Try next, in another terminal:
  npm run top${at === '' ? '' : ` --${at}`}
  npm run -s tidemark -- query 'time() - tidemark_table_last_change_timestamp_seconds'${at}
  npm run -s tidemark -- scan examples/lake
Ctrl-C ends it.

`
}
