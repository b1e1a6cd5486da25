// The terminal itself: the second screen is entered and left, keys arrive, whatever ends it.
import { expect, test } from 'vitest'
import { systemClock } from '../../src/io/clock.ts'
import { runTerminal } from '../../src/tui/app.ts'
import { type Line, plainText } from '../../src/tui/line.ts'
import { NOW } from '../model/a-table.ts'
import { fakeTerminal } from './terminal.ts'
import { aWorld } from './world.ts'

const ENTER = '\u001b[?1049h'
const LEAVE = '\u001b[?1049l'
const SHOW_CURSOR = '\u001b[?25h'

function started(options: { paint?: (line: Line) => string; screenReader?: boolean } = {}) {
  const terminal = fakeTerminal(80, 24)
  const ending = new AbortController()
  const ended = runTerminal({
    client: aWorld().client,
    // The world stands still at its own time; only waits are real.
    clock: { ...systemClock, now: () => NOW },
    place: { screen: 'overview', subject: '' },
    by: 'anna',
    stdin: terminal.stdin,
    stdout: terminal.stdout,
    copyRefusal: null,
    paint: options.paint ?? plainText,
    screenReader: options.screenReader ?? false,
    signal: ending.signal,
  })
  return { ...terminal, ending, ended }
}

const isRestored = (written: string): boolean =>
  written.lastIndexOf(LEAVE) > written.lastIndexOf(ENTER) &&
  written.lastIndexOf(SHOW_CURSOR) > written.lastIndexOf('\u001b[?25l')

test('q ends it and gives the screen back', async () => {
  const ui = started()
  await expect.poll(ui.written).toContain('TableOverdue')
  expect(ui.written()).toContain(ENTER)
  expect(ui.isRaw()).toBe(true)

  ui.type('2')
  await expect.poll(ui.written).toContain('CHANGED')
  ui.type('q')

  expect(await ui.ended).toEqual([])
  expect(isRestored(ui.written())).toBe(true)
  expect(ui.isRaw()).toBe(false)
})

test('arrows move, ctrl-c ends, a resize draws anew', async () => {
  const ui = started()
  await expect.poll(ui.written).toContain('1/7')
  ui.type('\u001b[B')
  await expect.poll(ui.written).toContain('2/7')
  ui.resize(30, 5)
  await expect.poll(ui.written).toContain('too small')

  ui.type('\u0003')

  await ui.ended
  expect(isRestored(ui.written())).toBe(true)
})

test('a screen reader gets no second screen', async () => {
  const ui = started({ screenReader: true })
  await expect.poll(ui.written).toContain('Row 1 of 7: error. what TableOverdue; about gold/revenue')

  ui.type('q')

  await ui.ended
  expect(ui.written()).not.toContain(ENTER)
})

test('a signal ends it', async () => {
  const ui = started()
  await expect.poll(ui.written).toContain('TableOverdue')

  ui.ending.abort()

  await ui.ended
  expect(isRestored(ui.written())).toBe(true)
})

test('what breaks while it draws is thrown after the screen is back', async () => {
  const ui = started({
    paint(line) {
      if (plainText(line).includes('TableOverdue')) throw new Error('a column that throws')
      return plainText(line)
    },
  })

  await expect(ui.ended).rejects.toThrow('a column that throws')
  expect(isRestored(ui.written())).toBe(true)
})
