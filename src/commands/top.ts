// `tidemark top`: the terminal UI on a running daemon; one frame of it as text for pipes, cron and CI.
import { systemClock } from '../io/clock.ts'
import { ConfigError } from '../model/errors.ts'
import { SCREENS, TABS, createPaint, once, screenOf } from '../tui/tui.ts'
import { type ExitCode, type Shell, print } from './command.ts'
import { type DaemonOptions, asksDaemon, clientOf } from './daemon.ts'

interface Options extends DaemonOptions {
  readonly once?: true
  readonly filter?: string
}

export function topCommand({ program, finish }: Shell): void {
  asksDaemon(
    program
      .command('top')
      .description('the terminal UI on a running daemon')
      .argument('[screen]', `where to start: ${TABS.map(({ name }) => name).join(', ')}`)
      .argument('[subject]', 'what it is about, for screens that are about one thing: the id of a table')
      .option('--once', 'print the screen as text and end: 0 all is well, 1 a warning, 2 something is bad')
      .option('--filter <text>', 'only rows that contain the text; !text for those that do not'),
  ).action(async (name: string | undefined, subject: string | undefined, options: Options) => {
    const screen = screenOf(name ?? TABS[0]!.name)
    if (screen === undefined) {
      const known = SCREENS.map((one) => one.name).join(', ')
      throw new ConfigError(`top: there is no screen ${JSON.stringify(name)}; there are ${known}`)
    }
    if (!screen.tab && subject === undefined)
      throw new ConfigError(`top: the screen ${screen.name} is about one thing; name it after it`)
    finish(await printOnce(options, screen.name, subject ?? ''))
  })
}

const EXIT: Readonly<Record<string, ExitCode>> = { ok: 0, warn: 1, unknown: 1, bad: 2 }
const DEFAULT_WIDTH = 160

async function printOnce(options: Options, name: string, subject: string): Promise<ExitCode> {
  const { stdout } = process
  const found = await once({
    client: clientOf(options),
    screen: screenOf(name)!,
    subject,
    filter: options.filter ?? '',
    now: systemClock.now(),
    width: stdout.columns ?? DEFAULT_WIDTH,
    paint: createPaint(stdout.isTTY === true ? stdout.getColorDepth() : null),
  })
  print(options.json ? `${JSON.stringify(found.rows, null, 2)}\n` : found.text)
  return EXIT[found.state] ?? 1
}
