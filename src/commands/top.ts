// `tidemark top`: the terminal UI on a running daemon; one frame of it as text for pipes, cron and CI.
import os from 'node:os'
import { systemClock } from '../io/clock.ts'
import { ConfigError } from '../model/errors.ts'
import { SECOND, millis } from '../model/units.ts'
import { SCREENS, TABS, createPaint, once, screenOf, terminal } from '../tui/tui.ts'
import type { Place } from '../tui/tui.ts'
import { clipboardRefusal } from './clipboard.ts'
import { type ExitCode, type Shell, print } from './command.ts'
import { type DaemonOptions, asksDaemon, clientOf } from './daemon.ts'

interface Options extends DaemonOptions {
  readonly once?: true
  readonly filter?: string
  readonly screenReader?: true
}

export function topCommand({ program, finish }: Shell): void {
  asksDaemon(
    program
      .command('top')
      .description('the terminal UI on a running daemon')
      .argument('[screen]', `where to start: ${TABS.map(({ name }) => name).join(', ')}`)
      .argument('[subject]', 'what it is about, for screens that are about one thing: the id of a table')
      .option('--once', 'print the screen as text and end: 0 all is well, 1 a warning, 2 something is bad')
      .option(
        '--screen-reader',
        'for screen readers: the row under the cursor in words, no boxes, no second screen',
      )
      .option('--filter <text>', 'only rows that contain the text; !text for those that do not'),
  ).action(async (name: string | undefined, subject: string | undefined, options: Options) => {
    const screen = screenOf(name ?? TABS[0]!.name)
    if (screen === undefined) {
      const known = SCREENS.map((one) => one.name).join(', ')
      throw new ConfigError(`top: there is no screen ${JSON.stringify(name)}; there are ${known}`)
    }
    if (!screen.tab && subject === undefined)
      throw new ConfigError(`top: the screen ${screen.name} is about one thing; name it after it`)
    const place = { screen: screen.name, subject: subject ?? '' }
    const interactive = process.stdin.isTTY && process.stdout.isTTY && !options.once && !options.json
    if (interactive) await runTerminal(options, place)
    else finish(await printOnce(options, place))
  })
}

const EXIT: Readonly<Record<string, ExitCode>> = { ok: 0, warn: 1, unknown: 1, bad: 2 }
const DEFAULT_WIDTH = 160
/** A daemon that hangs is said to be gone after this long. */
const PATIENCE = millis(30 * SECOND)

/** Ends by the user, a signal or an error; in each case the screen is given back first. */
async function runTerminal(options: Options, place: Place): Promise<void> {
  // React's and Ink's development builds draw several times slower; both look at this when they are loaded.
  process.env['NODE_ENV'] = 'production'
  const { stdin, stdout } = process
  const ending = new AbortController()
  const end = () => ending.abort()
  // Not once: Ink passes a signal on to the default, which kills, where it finds no other listener any more.
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, end)
  const crashed = Promise.withResolvers<never>()
  for (const name of ['uncaughtException', 'unhandledRejection'] as const) process.once(name, crashed.reject)
  const ran = terminal({
    client: clientOf(options, PATIENCE),
    clock: systemClock,
    place,
    by: os.userInfo().username,
    stdin,
    stdout,
    paint: createPaint(stdout.getColorDepth()),
    copyRefusal: await clipboardRefusal(process.env),
    screenReader: options.screenReader ?? process.env['INK_SCREEN_READER'] === 'true',
    signal: ending.signal,
  })
  try {
    for (const text of await Promise.race([ran, crashed.promise])) print(`${text}\n`)
  } finally {
    end()
    await ran.catch(() => undefined)
  }
}

async function printOnce(options: Options, { screen, subject }: Place): Promise<ExitCode> {
  const { stdout } = process
  const found = await once({
    client: clientOf(options, PATIENCE),
    screen: screenOf(screen)!,
    subject,
    filter: options.filter ?? '',
    now: systemClock.now(),
    width: stdout.columns ?? DEFAULT_WIDTH,
    paint: createPaint(stdout.isTTY === true ? stdout.getColorDepth() : null),
  })
  print(options.json ? `${JSON.stringify(found.rows, null, 2)}\n` : found.text)
  return EXIT[found.state] ?? 1
}
