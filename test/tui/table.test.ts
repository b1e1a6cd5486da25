// The one table and the text it is made of: order, filter, window, widths.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bar, bars, sparkline } from '../../src/tui/charts.ts'
import { completed } from '../../src/tui/typed.ts'
import { fit, fitLine, line, plainText, span, widthOf, wrap } from '../../src/tui/line.ts'
import type { ListScreen, Look } from '../../src/tui/screen.ts'
import { arrange, headLine, layOut, rowLine, windowTop } from '../../src/tui/table.ts'
import { createPaint } from '../../src/tui/theme.ts'
import { NOW } from '../model/a-table.ts'

interface Row {
  readonly name: string
  readonly size: number | null
}
const LOOK: Look = { get: () => undefined, now: NOW, subject: '' }
const screen: ListScreen<Row> = {
  kind: 'list',
  name: 'rows',
  about: '',
  tab: true,
  title: () => '',
  feeds: () => [],
  empty: '',
  rows: () => [],
  id: ({ name }) => name,
  health: ({ size }) => (size === null ? { state: 'unknown', word: 'unknown' } : { state: 'ok', word: 'ok' }),
  columns: [
    { name: 'NAME', rank: 0, max: 60, text: ({ name }) => name },
    {
      name: 'SIZE',
      rank: 1,
      align: 'right',
      text: ({ size }) => String(size ?? '–'),
      key: ({ size }) => size,
    },
    { name: 'NOTE', rank: 2, text: () => '' },
  ],
}
const list = screen as ListScreen<unknown>
const rows: readonly Row[] = [
  { name: 'b', size: 2 },
  { name: 'a', size: null },
  { name: 'c', size: 10 },
]
const names = (found: readonly unknown[]) => (found as Row[]).map(({ name }) => name).join('')

describe('arrange', () => {
  test.for([
    ['', null, 'bac'],
    ['', { column: 'NAME', descending: false }, 'abc'],
    ['', { column: 'NAME', descending: true }, 'cba'],
    // Numbers as numbers; unknown last both ways.
    ['', { column: 'SIZE', descending: false }, 'bca'],
    ['', { column: 'SIZE', descending: true }, 'cba'],
    ['', { column: 'GONE', descending: true }, 'bac'],
    ['UNKNOWN', null, 'a'],
    ['!unknown', null, 'bc'],
    ['!', null, 'bac'],
    ['10', null, 'c'],
  ] as const)('filter %j, sort %j: %s', ([filter, sort, expected]) => {
    expect(names(arrange(list, rows, { filter, sort }, LOOK))).toBe(expected)
  })
})

describe('window', () => {
  test('the cursor is inside, nothing is left empty that could be full, and it moves no more than it must', () => {
    fc.assert(
      fc.property(
        fc.nat(200),
        fc.nat(199),
        fc.integer({ min: 1, max: 60 }),
        fc.nat(300),
        (total, at, height, before) => {
          const cursor = Math.min(at, Math.max(0, total - 1))
          const top = windowTop(total, cursor, height, before)
          expect(top).toBeGreaterThanOrEqual(0)
          expect(cursor - top).toBeGreaterThanOrEqual(0)
          expect(cursor - top).toBeLessThan(height)
          expect(top).toBeLessThanOrEqual(Math.max(0, total - height))
          const stays = before <= Math.max(0, total - height) && cursor >= before && cursor < before + height
          if (stays) expect(top).toBe(before)
        },
      ),
    )
  })
})

describe('layout', () => {
  test('columns that say nothing are not there; the others line up', () => {
    const laid = layOut(list, rows, 60, LOOK)
    const drawn = [
      headLine(laid, { column: 'SIZE', descending: true }),
      ...rows.map((row) => rowLine(list, row, laid, LOOK, { selected: false, marked: row.name === 'c' })),
    ]

    expect(`\n${drawn.map(plainText).join('\n')}\n`).toMatchInlineSnapshot(`
      "
      STATE      NAME   SIZE↓
      ● ok       b          2
      ? unknown  a          –
      ● ok     * c         10
      "
    `)
  })

  test('a long name gives way before the number beside it goes', () => {
    const long = [{ name: 'n'.repeat(80), size: 5 }]

    expect(layOut(list, long, 60, LOOK).map(({ column, width }) => [column.name, width])).toEqual([
      ['NAME', 42],
      ['SIZE', 5],
    ])
    expect(layOut(list, long, 30, LOOK).map(({ column, width }) => [column.name, width])).toEqual([
      ['NAME', 19],
    ])
  })
})

describe('text', () => {
  test('any text takes exactly the width it is given and carries nothing that a terminal obeys', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 80 }),
        fc.integer({ min: 1, max: 60 }),
        (text, width) => {
          const fitted = fit(text, width)
          expect(widthOf(fitted)).toBe(width)
          expect(fitted).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u)
          expect(widthOf(plainText(fitLine(line(span(text), span(text)), width)))).toBe(width)
        },
      ),
    )
  })

  test.for([
    ['escape sequence', '\u001b[31mred', '\\u001b[31mred'],
    ['hyperlink', '\u001b]8;;https://evil\u0007x', '\\u001b]8;;https://evil\\u0007x'],
    ['line break', 'a\nb', 'a\\u000ab'],
    ['right to left', 'a\u202eb', 'a\\u202eb'],
  ] as const)('%s is shown, not obeyed', ([, text, shown]) => {
    expect(span(text).text).toBe(shown)
  })

  test('wrapping keeps every word and the width', () => {
    expect(wrap('one two three fourteen', 9).map(plainText)).toEqual(['one two', 'three', 'fourteen'])
  })
})

describe('pictures', () => {
  test.for([
    [[0, 1, 2, 4, null], '·▃▅█ '],
    [[], ''],
    [[0, 0], '··'],
  ] as const)('sparkline of %j', ([values, expected]) => {
    expect(sparkline(values)).toBe(expected)
  })

  test.for([
    [10, 10, 4, '████'],
    [5, 10, 4, '██'],
    [0.001, 10, 4, '▏'],
    [0, 10, 4, ''],
  ] as const)('bar of %d of %d in %d cells', ([value, most, width, expected]) => {
    expect(bar(value, most, width)).toBe(expected)
  })

  test('events fall into their cell of the axis, the last moment into the last', () => {
    const axis = { from: NOW, to: (NOW + 100) as typeof NOW, width: 5 }
    const at = (ms: number, size: number) => ({ at: (NOW + ms) as typeof NOW, size })

    expect(bars(axis, [at(0, 4), at(50, 8), at(55, 0), at(100, 1), at(-50, 99)])).toBe('▅ █ ▂')
  })
})

test.for([
  ['s', 's'],
  ['si', 'silences'],
  ['al', 'alerts'],
  ['zz', 'zz'],
] as const)('%s completes to %s', ([typed, expected]) => {
  expect(completed(typed, ['silences', 'sources', 'alerts'])).toBe(expected)
})

describe('colours', () => {
  const late = line(span('✖ late', 'bad'), span(' x'))

  test.for([
    ['no terminal', null, '✖ late x'],
    ['NO_COLOR', 1, '\u001b[1m✖ late\u001b[0m x'],
    ['16 colours', 4, '\u001b[1;31m✖ late\u001b[0m x'],
    ['256 colours', 8, '\u001b[1;38;5;166m✖ late\u001b[0m x'],
  ] as const)('%s', ([, depth, expected]) => {
    expect(createPaint(depth)(late)).toBe(expected)
  })

  test('the cursor is one bar without colours in it', () => {
    expect(createPaint(8)({ ...late, selected: true })).toBe('\u001b[7m✖ late x\u001b[0m')
  })
})
