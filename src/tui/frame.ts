// One frame: a scene as lines that fill the window exactly.
import { type Millis, readableDuration } from '../model/units.ts'
import type { Failure } from './feed.ts'
import { BINDINGS } from './keys.ts'
import { EMPTY, type Line, type Span, fitLine, line, span, widthOf, wrap } from './line.ts'
import { WAYS, type Way } from './screen.ts'
import { TABS } from './screens.ts'
import { LEAST, type Scene, type Size } from './scene.ts'
import { GLYPH, TONE } from './state.ts'
import { headLine, rowLine } from './table.ts'
import { candidates } from './typed.ts'
import type { Ui } from './view.ts'
import { waysOf } from './press.ts'

export interface Connection {
  /** Where the daemon is. */
  readonly url: string
  /** Age of the oldest answer on the screen; null before the first. */
  readonly age: Millis | null
  /** Why the newest attempt failed. */
  readonly error: Failure | null
  /** Alerts that fire now, as far as known. */
  readonly firing: { readonly bad: number; readonly warn: number } | null
}

/** Large answers are asked for once a minute at most; older ones than this are said to be old, error or not. */
const FRESH_MS = 75_000

export function frame(ui: Ui, scene: Scene, size: Size, connection: Connection): readonly Line[] {
  const { columns, rows } = size
  if (columns < LEAST.columns || rows < LEAST.rows) return tooSmall(size)
  const above = scene.roomy
    ? [header(connection, columns), tabs(ui, columns), title(ui, scene)]
    : [narrowHeader(ui, scene, connection)]
  const prompt = noticeOrPrompt(ui)
  const footer = footerLine(ui, scene, columns)
  const below = scene.roomy ? [prompt ?? EMPTY, footer] : [prompt ?? footer]
  const space = rows - above.length - below.length
  const body = bodyOf(scene, connection, columns).slice(0, space)
  const blank = Array.from({ length: space - body.length }, () => EMPTY)
  return [...above, ...body, ...blank, ...below].map((one) => fitLine(one, columns))
}

function tooSmall({ columns, rows }: Size): readonly Line[] {
  const text = `${columns}×${rows} is too small: ${LEAST.columns}×${LEAST.rows} at least`
  return [...wrap(text, columns), ...Array.from({ length: rows }, () => EMPTY)]
    .slice(0, rows)
    .map((one) => fitLine(one, columns))
}

// ── above ───────────────────────────────────────────────────────────────────────────────────────────

function header(connection: Connection, width: number): Line {
  const left = [span(' Tidemark ', 'title'), span(` ${connection.url}  `, 'dim'), ...firing(connection)]
  const right = freshness(connection)
  return spread(left, [...right, span(' ')], width)
}

function firing({ firing: found }: Connection): Span[] {
  if (found === null) return []
  if (found.bad + found.warn === 0) return [span(`${GLYPH.ok} nothing fires`, 'ok')]
  return [
    ...(found.bad > 0 ? [span(`${GLYPH.bad} ${found.bad} firing  `, 'bad')] : []),
    ...(found.warn > 0 ? [span(`${GLYPH.warn} ${found.warn} warning`, 'warn')] : []),
  ]
}

function freshness({ age, error }: Connection): Span[] {
  if (age === null)
    return error === null
      ? [span('asking …', 'dim')]
      : [span(error.unreachable ? '✖ no daemon' : '✖ no answer', 'bad')]
  const old = age < 1_000 ? 'now' : `${readableDuration(age)} old`
  if (error !== null) return [span(`✖ ${old}, no answer since`, 'bad')]
  return age > FRESH_MS ? [span(`▲ ${old}`, 'warn')] : [span(old, 'dim')]
}

function tabs(ui: Ui, width: number): Line {
  const active = ui.stack[0]!.place.screen
  const full = TABS.map(({ name }, i) => ({
    key: i < 10 ? `${(i + 1) % 10}` : '',
    name,
    on: name === active,
  }))
  const names = full.reduce((sum, { name }) => sum + name.length + 3, 1) <= width
  return line(
    ' ',
    ...full.flatMap(({ key, name, on }) => [
      span(key, on ? 'accent' : 'dim'),
      span(names || on || key === '' ? ` ${name}` : '', on ? 'accent' : 'plain'),
      span(' '),
    ]),
  )
}

function title(ui: Ui, scene: Scene): Line {
  return line(' ', ...titleSpans(ui, scene))
}

function narrowHeader(ui: Ui, scene: Scene, connection: Connection): Line {
  return line(
    ' ',
    ...titleSpans(ui, scene),
    span('  '),
    ...freshness(connection),
    span('  '),
    ...firing(connection),
  )
}

function titleSpans(ui: Ui, scene: Scene): Span[] {
  if (ui.mode.kind === 'help') return [span('Keys', 'title')]
  const path = ui.stack.map(({ place }) => place)
  const name = scene.screen?.title(scene.view.place.subject) ?? ''
  const deep =
    path.length > 1 ? [span(`${path[0]!.screen} › ${'… › '.repeat(Number(path.length > 2))}`, 'dim')] : []
  if (scene.kind === 'page') return [...deep, span(name, 'title'), ...scrollMark(scene)]
  const { rows, total, view } = scene
  const counted =
    rows === undefined ? '' : rows.length === total ? `  ${total}` : `  ${rows.length} of ${total}`
  return [
    ...deep,
    span(name, 'title'),
    span(counted, 'dim'),
    ...(view.filter === '' ? [] : [span(`  /${view.filter}`, 'accent')]),
    ...(view.marks.size === 0 ? [] : [span(`  * ${view.marks.size} marked`, 'accent')]),
  ]
}

function scrollMark({ lines, top, height }: Extract<Scene, { kind: 'page' }>): Span[] {
  if (lines === undefined || lines.length <= height) return []
  return [span(`  ${top + 1}–${Math.min(lines.length, top + height)} of ${lines.length}`, 'dim')]
}

// ── between ─────────────────────────────────────────────────────────────────────────────────────────

function bodyOf(scene: Scene, connection: Connection, width: number): readonly Line[] {
  if (scene.kind === 'page') {
    if (scene.lines === undefined) return waiting(connection, width)
    return scene.lines.slice(scene.top, scene.top + scene.height).map(indented)
  }
  const { screen, rows, look, laid, cursor, top, height, view, head } = scene
  if (rows === undefined) return waiting(connection, width)
  const text = scene.total === 0 ? screen.empty : `No row contains ${view.filter}; esc shows all.`
  const shown =
    rows.length === 0
      ? [EMPTY, ...wrap(text, width - 2)]
      : rows.slice(top, top + height).map((row, i) =>
          rowLine(screen, row, laid, look, {
            selected: top + i === cursor,
            marked: view.marks.has(screen.id(row)),
          }),
        )
  return [...head, ...(rows.length === 0 ? [] : [headLine(laid, view.sort)]), ...shown].map(indented)
}

const indented = (one: Line): Line => ({ ...one, spans: [span(' '), ...one.spans] })

function waiting({ error }: Connection, width: number): readonly Line[] {
  if (error === null) return [EMPTY, indented(line(span('Asking the daemon …', 'dim')))]
  return [
    EMPTY,
    ...wrap(`✖ ${error.text}`, width - 2, 'bad'),
    ...(error.unreachable ? OFFERS : []),
    EMPTY,
    line(span('Tried again every few seconds; q ends.', 'dim')),
  ].map(indented)
}

const OFFERS: readonly Line[] = [
  EMPTY,
  line('Start a daemon:   ', span('tidemark run -c tidemark.yaml', 'key')),
  line('Or look once:     ', span('tidemark scan PATH', 'key')),
  line('Or ask another:   ', span('tidemark top --url http://HOST:9464', 'key')),
]

// ── below ───────────────────────────────────────────────────────────────────────────────────────────

export function noticeOrPrompt({ mode, notice }: Ui): Line | null {
  const cursor = span('▏', 'accent')
  switch (mode.kind) {
    case 'filter':
      return line(
        span(' /', 'accent'),
        mode.text,
        cursor,
        span('   enter keeps it, esc leaves; ! inverts', 'dim'),
      )
    case 'command':
      return line(
        span(' :', 'accent'),
        mode.text,
        cursor,
        span(`   ${candidates(mode.text).slice(0, 8).join('  ')}`, 'dim'),
      )
    case 'reason':
      return noticed(notice) ?? line(span(` ${question(mode.actions)}  Why? `, 'warn'), mode.text, cursor)
    case 'confirm':
      return line(
        span(` ${question(mode.actions)} `, 'warn'),
        span(' y', 'key'),
        span(' yes '),
        span(' n', 'key'),
        span(' no '),
        span(' p', 'key'),
        span(' print the command'),
      )
    case 'browse':
    case 'help':
      return noticed(notice)
  }
}

const noticed = (notice: Ui['notice']): Line | null =>
  notice === null ? null : line(span(` ${GLYPH[notice.state]} ${notice.text}`, TONE[notice.state]))

const question = (actions: readonly { readonly what: string }[]): string =>
  actions.length === 1 ? `${actions[0]!.what}?` : `${actions[0]!.what} and ${actions.length - 1} more?`

function footerLine(ui: Ui, scene: Scene, width: number): Line {
  const ways = waysOf(scene)
  const row = scene.kind === 'list' ? scene.rows?.[scene.cursor] : undefined
  const actions =
    scene.kind === 'list' && row !== undefined
      ? (scene.screen.actions?.(row) ?? []).map(({ name }) => name)
      : []
  const list = scene.kind === 'list'
  const shown = BINDINGS.filter(({ command, group, footer }) => {
    if (footer === undefined) return false
    if (ui.mode.kind === 'help') return command === 'back'
    if ((WAYS as readonly string[]).includes(command)) return ways[command as Way] !== undefined
    if (group === 'Change') return (actions as readonly string[]).includes(command)
    return list || (command !== 'filter' && command !== 'sort')
  })
  const at = scene.kind === 'list' && scene.rows?.length ? `${scene.cursor + 1}/${scene.rows.length} ` : ''
  // Help and the way back are always there; of the rest what fits, whole.
  let left = width - at.length
  const fits = new Set(
    [...shown.filter(({ group }) => group === 'Leave'), ...shown].filter(({ keys, footer }, i, all) => {
      const first = all.findIndex((one) => one.keys === keys) === i
      const wide = widthOf(`${keys[0]!} ${footer!}`) + 3
      if (!first || wide > left) return false
      left -= wide
      return true
    }),
  )
  const entries = shown
    .filter((binding) => fits.has(binding))
    .flatMap(({ keys, footer }) => [span(` ${keys[0]!}`, 'key'), span(` ${footer} `, 'dim')])
  return spread(entries, [span(at, 'dim')], width)
}

/** Left and right of a line; where both do not fit the right one wins what it needs. */
function spread(left: readonly Span[], right: readonly Span[], width: number): Line {
  const wide = right.reduce((sum, { text }) => sum + widthOf(text), 0)
  return { spans: [...fitLine({ spans: left }, Math.max(0, width - wide)).spans, ...right] }
}
