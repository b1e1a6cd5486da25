// Every key, once: the footer, the `?` page and docs/keys.md are made from this table.
import type { Way } from './screen.ts'

export type Command =
  | Way
  | 'down'
  | 'up'
  | 'first'
  | 'last'
  | 'half-down'
  | 'half-up'
  | 'back'
  | 'tab'
  | 'next-tab'
  | 'previous-tab'
  | 'filter'
  | 'command'
  | 'sort'
  | 'mark'
  | 'copy'
  | 'refresh'
  | 'silence'
  | 'acknowledge'
  | 'expire'
  | 'accept'
  | 'dismiss'
  | 'snooze'
  | 'help'
  | 'quit'

export interface Binding {
  readonly command: Command
  /** As `nameOfKey` spells them. */
  readonly keys: readonly string[]
  readonly does: string
  readonly group: 'Move' | 'Look' | 'Why' | 'Change' | 'Leave'
  /** A word for the footer; without it the key is on the help page only. */
  readonly footer?: string
}

export const BINDINGS: readonly Binding[] = [
  { command: 'down', keys: ['j', 'down'], does: 'next row', group: 'Move' },
  { command: 'up', keys: ['k', 'up'], does: 'previous row', group: 'Move' },
  { command: 'first', keys: ['g', 'home'], does: 'first row', group: 'Move' },
  { command: 'last', keys: ['G', 'end'], does: 'last row', group: 'Move' },
  { command: 'half-down', keys: ['ctrl-d', 'pagedown'], does: 'half a page down', group: 'Move' },
  { command: 'half-up', keys: ['ctrl-u', 'pageup'], does: 'half a page up', group: 'Move' },
  {
    command: 'tab',
    keys: ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0'],
    does: 'the screen of that number',
    group: 'Move',
  },
  { command: 'next-tab', keys: ['tab', 'right', 'l'], does: 'the next screen', group: 'Move' },
  { command: 'previous-tab', keys: ['shift-tab', 'left', 'h'], does: 'the screen before', group: 'Move' },
  { command: 'enter', keys: ['enter'], does: 'open what the cursor is on', group: 'Look', footer: 'open' },
  {
    command: 'filter',
    keys: ['/'],
    does: 'only rows that contain a text; !text for those that do not',
    group: 'Look',
    footer: 'filter',
  },
  {
    command: 'command',
    keys: [':'],
    does: 'a command by name: a screen, sort COLUMN, quit; tab completes',
    group: 'Look',
  },
  {
    command: 'sort',
    keys: ['s'],
    does: 'sort by the next column; back to the own order after the last',
    group: 'Look',
    footer: 'sort',
  },
  { command: 'mark', keys: ['space'], does: 'mark the row for what is done next', group: 'Look' },
  { command: 'copy', keys: ['y'], does: 'copy the name to the clipboard', group: 'Look' },
  { command: 'refresh', keys: ['r'], does: 'ask again now', group: 'Look' },
  {
    command: 'upstream',
    keys: ['u'],
    does: 'walk upstream to the root cause',
    group: 'Why',
    footer: 'upstream',
  },
  {
    command: 'downstream',
    keys: ['d'],
    does: 'what is downstream, with its deadlines',
    group: 'Why',
    footer: 'downstream',
  },
  {
    command: 'changes',
    keys: ['w'],
    does: 'what changed: schema, volume, code, duration, price, inputs',
    group: 'Why',
    footer: 'what changed',
  },
  {
    command: 'explain',
    keys: ['x'],
    does: 'why somebody was, or was not, told',
    group: 'Why',
    footer: 'explain',
  },
  {
    command: 'silence',
    keys: ['m'],
    does: 'mute the alert for two hours; asks first',
    group: 'Change',
    footer: 'mute',
  },
  {
    command: 'acknowledge',
    keys: ['a'],
    does: 'acknowledge the alert: no repeats until it resolves; asks first',
    group: 'Change',
    footer: 'ack',
  },
  {
    command: 'expire',
    keys: ['e'],
    does: 'end the silence now; asks first',
    group: 'Change',
    footer: 'expire',
  },
  {
    command: 'accept',
    keys: ['A'],
    does: 'accept the advice; asks first',
    group: 'Change',
    footer: 'accept',
  },
  {
    command: 'dismiss',
    keys: ['D'],
    does: 'dismiss the advice; asks why',
    group: 'Change',
    footer: 'dismiss',
  },
  {
    command: 'snooze',
    keys: ['Z'],
    does: 'put the advice off for a week; asks first',
    group: 'Change',
    footer: 'snooze',
  },
  { command: 'help', keys: ['?'], does: 'all keys', group: 'Leave', footer: 'keys' },
  {
    command: 'back',
    keys: ['q', 'esc'],
    does: 'back; q on the first screen ends',
    group: 'Leave',
    footer: 'back',
  },
  { command: 'quit', keys: ['ctrl-c'], does: 'end', group: 'Leave' },
]

export const GROUPS = ['Move', 'Look', 'Why', 'Change', 'Leave'] as const

const byKey = new Map(
  BINDINGS.flatMap((binding) => binding.keys.map((key) => [key, binding.command] as const)),
)

export const commandOf = (key: string): Command | undefined => byKey.get(key)

/** For people: arrows as arrows, the digits as a range. */
export function spellKeys({ keys }: Binding): string {
  if (keys[0] === '1') return '1–9, 0'
  const SIGNS: Readonly<Record<string, string>> = { down: '↓', up: '↑', left: '←', right: '→', shift: '⇧' }
  return keys.map((key) => SIGNS[key] ?? key).join(' ')
}
