// The terminal: Ink draws the session's lines and hands it keys; whatever happens, the screen is given back.
import { Box, type Key as InkKey, Text, render, useInput, useWindowSize } from 'ink'
import { createElement, memo, useEffect, useSyncExternalStore } from 'react'
import { type Line } from './line.ts'
import type { Key } from './press.ts'
import { Session, type SessionOptions } from './session.ts'

export interface TerminalOptions extends Omit<SessionOptions, 'copy' | 'quit'> {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly paint: (line: Line) => string
  /** Ends it as ctrl-c does. */
  readonly signal: AbortSignal
}

const MAX_FPS = 60

/** Until the user leaves; answers what is to be printed once the screen is back. Throws what broke it. */
export async function runTerminal(options: TerminalOptions): Promise<readonly string[]> {
  const { stdin, stdout, paint, screenReader, signal } = options
  const ending = new AbortController()
  const all = AbortSignal.any([ending.signal, signal])
  const session = new Session({
    ...options,
    // OSC 52: terminals that allow it put the text on the clipboard, the others pass it over.
    copy: (text) => stdout.write(`\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`),
    quit: () => ending.abort(),
  })
  const ink = render(createElement(App, { session, paint, screenReader }), {
    stdin,
    stdout,
    exitOnCtrlC: false,
    // Nothing here writes to the console; the log is a screen.
    patchConsole: false,
    alternateScreen: !screenReader,
    isScreenReaderEnabled: screenReader,
    incrementalRendering: true,
    interactive: true,
    maxFps: MAX_FPS,
  })
  const leave = () => ink.unmount()
  all.addEventListener('abort', leave, { once: true })
  try {
    await Promise.race([session.run(all), ink.waitUntilExit()])
  } finally {
    ending.abort()
    ink.unmount()
    await ink.waitUntilExit().catch(() => undefined)
  }
  return session.printed
}

interface AppProps extends Pick<TerminalOptions, 'paint' | 'screenReader'> {
  readonly session: Session
}

function App({ session, paint, screenReader }: AppProps) {
  const { columns, rows } = useWindowSize()
  useEffect(() => session.resize({ columns, rows }), [session, columns, rows])
  useInput((input, key) => {
    for (const pressed of keysOf(input, key)) session.press(pressed)
  })
  const lines = useSyncExternalStore(session.subscribe, session.frame, session.frame)
  return createElement(
    Box,
    // Exactly as high as the window: a taller frame would be cleared and drawn as a whole each time.
    { flexDirection: 'column', width: columns, ...(screenReader ? {} : { height: rows }) },
    lines.map((line, i) =>
      createElement(Row, { key: i, text: paint(line), wrap: screenReader ? 'wrap' : 'truncate' }),
    ),
  )
}

interface RowProps {
  readonly text: string
  readonly wrap: 'wrap' | 'truncate'
}
const Row = memo(({ text, wrap }: RowProps) => createElement(Text, { wrap }, text || ' '))

const NAMED: ReadonlyArray<readonly [keyof InkKey, string]> = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageDown', 'pagedown'],
  ['pageUp', 'pageup'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'esc'],
  ['backspace', 'backspace'],
  ['delete', 'backspace'],
]

/** Keys as keys.ts spells them; several where they came faster than they were read. */
function keysOf(input: string, key: InkKey): Key[] {
  const named = NAMED.find(([flag]) => key[flag] === true)
  if (named !== undefined) return [{ name: named[1], text: '' }]
  if (key.tab) return [{ name: key.shift ? 'shift-tab' : 'tab', text: '' }]
  if (key.ctrl) return [{ name: `ctrl-${input}`, text: '' }]
  return Array.from(input, (char) => {
    if (char === '\r' || char === '\n') return { name: 'enter', text: '' }
    return { name: char === ' ' ? 'space' : char, text: char >= ' ' && char !== '\u007f' ? char : '' }
  })
}
