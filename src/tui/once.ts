// `top --once`: a screen's rows as text or JSON, without React, and how bad it is.
import type { Client } from '../api/client.ts'
import type { Timestamp } from '../model/units.ts'
import { type Held, NOTHING, ask, getFrom, isAsked } from './feed.ts'
import { type Line, plainText } from './line.ts'
import type { Look, Screen } from './screen.ts'
import { type State, worst } from './state.ts'
import { arrange, headLine, layOut, rowLine } from './table.ts'

export interface OnceOptions {
  readonly client: Client
  readonly screen: Screen
  readonly subject: string
  readonly filter: string
  readonly now: Timestamp
  readonly width: number
  readonly paint: (line: Line) => string
}

export interface Once {
  readonly text: string
  readonly rows: unknown
  readonly state: State
}

/** Throws SourceError where no daemon answers. */
export async function once(options: OnceOptions): Promise<Once> {
  const { client, screen, subject, now } = options
  const held = new Map<string, Held>()
  await Promise.all(
    screen
      .feeds(subject)
      .filter(isAsked)
      .map(async (feed) => {
        held.set(feed.key, { ...NOTHING, ...(await ask(client, feed)), at: now })
      }),
  )
  const look: Look = { get: getFrom(held), now, subject }
  return screen.kind === 'list' ? list(screen, look, options) : page(screen, look, options)
}

function list(screen: Screen & { kind: 'list' }, look: Look, { filter, width, paint }: OnceOptions): Once {
  const rows = arrange(screen, screen.rows(look) ?? [], { filter, sort: null }, look)
  const laid = layOut(screen, rows, width, look)
  const lines =
    rows.length === 0
      ? [screen.empty]
      : [
          headLine(laid, null),
          ...rows.map((row) => rowLine(screen, row, laid, look, { selected: false, marked: false })),
        ].map((one) => trimmed(one, paint))
  return {
    text: `${lines.join('\n')}\n`,
    rows: rows.map((row) => ({
      ...screen.health(row, look),
      ...Object.fromEntries(
        screen.columns.map((column) => [
          column.name.toLowerCase().replaceAll(' ', '_'),
          column.text(row, look),
        ]),
      ),
      fact: row,
    })),
    state: worst(rows.map((row) => screen.health(row, look).state)),
  }
}

function page(screen: Screen & { kind: 'page' }, look: Look, { width, paint }: OnceOptions): Once {
  const lines = (screen.lines(look, width) ?? []).map((one) => trimmed(one, paint))
  return { text: `${lines.join('\n')}\n`, rows: lines, state: screen.health?.(look) ?? 'ok' }
}

const trimmed = (one: Line, paint: (line: Line) => string): string => {
  const last = one.spans.at(-1)
  if (last === undefined) return ''
  const spans = [...one.spans.slice(0, -1), { ...last, text: last.text.trimEnd() }]
  return plainText({ spans }).trimEnd() === '' ? '' : paint({ spans })
}
