// Golden frames: every screen at the size of a usual terminal, some at the sizes where things give way.
import { describe, expect, test } from 'vitest'
import { plainText, widthOf } from '../../src/tui/line.ts'
import type { Place } from '../../src/tui/screen.ts'
import { SCREENS } from '../../src/tui/screens.ts'
import { aSession } from './session.ts'
import { aWorld } from './world.ts'

const SUBJECTS: Readonly<Record<string, string>> = {
  table: 's3://lake/gold/orders',
  changes: 's3://lake/gold/orders',
  upstream: 's3://lake/gold/revenue',
  downstream: 's3://lake/gold/revenue',
  pipeline: 'flows/daily_orders',
  run: 'flows/daily_orders/run-0',
  explain: 'a1',
  source: 'lake',
  rule: 'rules/tables.yaml;tables;2',
  advised: 'none',
}
const placeOf = (screen: string): Place => ({ screen, subject: SUBJECTS[screen] ?? '' })

async function drawn(screen: string, columns: number, rows: number): Promise<string> {
  const { session } = await aSession(aWorld(), placeOf(screen), { columns, rows })
  const lines = session.frame()
  // The frame fills the window exactly, whatever names are in it: nothing scrolls, nothing of the last frame stays.
  expect(lines).toHaveLength(rows)
  expect(lines.map((line) => widthOf(plainText(line)))).toEqual(lines.map(() => columns))
  return `${lines.map((line) => `${plainText(line).trimEnd()}${line.selected ? '  ◀' : ''}`).join('\n')}\n`
}

describe('each screen at 120×40', () => {
  test.for(SCREENS.map(({ name }) => name))('%s', async (name) => {
    await expect(await drawn(name, 120, 40)).toMatchFileSnapshot(`frames/${name}-120x40.txt`)
  })
})

describe('where things give way', () => {
  test.for([
    ['overview', 40, 10],
    ['overview', 80, 24],
    ['overview', 200, 60],
    ['tables', 40, 10],
    ['tables', 80, 24],
    ['tables', 200, 60],
    ['table', 40, 10],
    ['table', 80, 24],
    ['table', 200, 60],
    ['run', 40, 10],
    ['pipelines', 80, 24],
    ['pipeline', 40, 10],
    ['pipeline', 80, 24],
    ['pipeline', 200, 60],
    ['changes', 40, 10],
    ['changes', 80, 24],
    ['changes', 200, 60],
  ] as const)('%s at %i×%i', async ([name, columns, rows]) => {
    await expect(await drawn(name, columns, rows)).toMatchFileSnapshot(
      `frames/${name}-${columns}x${rows}.txt`,
    )
  })

  test('a window too small says so', async () => {
    const { session } = await aSession(aWorld(), placeOf('tables'), { columns: 30, rows: 5 })

    expect(session.frame().map((line) => plainText(line).trim())[0]).toBe('30×5 is too small: 40×8 at')
  })
})
