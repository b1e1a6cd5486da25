// The frame for a screen reader: no boxes and no columns, what the cursor is on as a sentence.
import { type Connection, noticeOrPrompt } from './frame.ts'
import { type Line, line } from './line.ts'
import type { ListScene, Scene } from './scene.ts'
import type { Ui } from './view.ts'

export function spoken(ui: Ui, scene: Scene, { url, error }: Connection): readonly Line[] {
  const name = ui.mode.kind === 'help' ? 'Keys' : (scene.screen?.title(scene.view.place.subject) ?? '')
  const prompt = noticeOrPrompt(ui)
  return [
    line(error === null ? name : `${name}. No answer from ${url}: ${error.text}`),
    ...(scene.kind === 'list' ? row(scene) : (scene.lines ?? [line('Asking the daemon.')])),
    ...(prompt === null ? [] : [prompt]),
  ]
}

function row({ rows, cursor, screen, look, view }: ListScene): readonly Line[] {
  if (rows === undefined) return [line('Asking the daemon.')]
  const on = rows[cursor]
  if (on === undefined) return [line(view.filter === '' ? screen.empty : `No row contains ${view.filter}.`)]
  const said = screen.columns.flatMap((column) => {
    const text = column.text(on, look)
    return text === '' ? [] : [`${column.name.toLowerCase()} ${text}`]
  })
  const marked = view.marks.has(screen.id(on)) ? ', marked' : ''
  return [
    line(
      `Row ${cursor + 1} of ${rows.length}${marked}: ${screen.health(on, look).word}. ${said.join('; ')}.`,
    ),
  ]
}
