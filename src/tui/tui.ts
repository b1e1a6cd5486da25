// The door: one frame as text, or the terminal until the user leaves.
import type { TerminalOptions } from './app.ts'

export { BINDINGS, spellKeys } from './keys.ts'
export { once } from './once.ts'
export type { Place } from './screen.ts'
export { SCREENS, TABS, screenOf } from './screens.ts'
export { createPaint } from './theme.ts'

/** React is loaded only where there is a terminal to draw on. */
export async function terminal(options: TerminalOptions): Promise<readonly string[]> {
  const { runTerminal } = await import('./app.ts')
  return runTerminal(options)
}
