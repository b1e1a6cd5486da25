// A session on a clock that a test drives, with keys as people name them.
import { millis, plus, timestamp } from '../../src/model/units.ts'
import { plainText } from '../../src/tui/line.ts'
import type { Place } from '../../src/tui/screen.ts'
import type { Size } from '../../src/tui/scene.ts'
import { Session } from '../../src/tui/session.ts'
import { NOW } from '../model/a-table.ts'
import type { World } from './world.ts'

export async function aSession(
  world: World,
  place: Place = { screen: 'overview', subject: '' },
  size: Size = { columns: 120, rows: 40 },
  screenReader = false,
  copyRefusal: string | null = null,
) {
  let now: number = NOW
  const copied: string[] = []
  let quits = 0
  const session = new Session({
    client: world.client,
    clock: {
      now: () => timestamp(now),
      monotonic: () => millis(now - NOW),
      sleep: async () => undefined,
    },
    place,
    by: 'anna',
    screenReader,
    copyRefusal,
    copy: (text) => copied.push(text),
    quit: () => (quits += 1),
  })
  session.resize(size)
  /** One turn of its loop, and all the answers that it waited for. */
  const turn = async (seconds = 0) => {
    now = plus(timestamp(now), millis(seconds * 1_000))
    const once = new AbortController()
    const running = session.run(once.signal)
    once.abort()
    await running
    for (let i = 0; i < 20; i++) await Promise.resolve()
  }
  await turn()
  const text = () => session.frame().map(plainText).join('\n')
  return {
    session,
    copied,
    turn,
    text,
    quits: () => quits,
    /** `enter`, `ctrl-d`; a text of several letters is typed letter by letter with `type`. */
    async press(...names: string[]) {
      for (const name of names) {
        session.press({ name, text: name.length === 1 ? name : name === 'space' ? ' ' : '' })
        await turn()
      }
    },
    async type(typed: string) {
      for (const char of typed) session.press({ name: char === ' ' ? 'space' : char, text: char })
      await turn()
    },
    selected: () => {
      const line = session.frame().find((one) => one.selected)
      return line === undefined ? '' : plainText(line).trim()
    },
    title: () => plainText(session.frame()[2]!).trim(),
  }
}
