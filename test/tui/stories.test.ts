// What a person does with the terminal, key by key, over a daemon's answers.
import { describe, expect, test } from 'vitest'
import { NOW } from '../model/a-table.ts'
import { aSession } from './session.ts'
import { aWorld } from './world.ts'

describe('finding out why', () => {
  test('three keys from what is late to what broke it', async () => {
    const ui = await aSession(aWorld())
    expect(ui.selected()).toMatch(/✖ error +TableOverdue +gold\/revenue/)

    await ui.press('u', 'G')
    expect(ui.title()).toMatch(/Upstream of gold\/revenue/)
    expect(ui.selected()).toMatch(/✖ cause +2 .*daily_orders +PipelineFailed/)

    await ui.press('enter')
    expect(ui.title()).toMatch(/daily_orders$/)
    await ui.press('q', 'q', 'x')
    expect(ui.text()).toMatch(/told 11 min ago; repeats in 3 h 49 min/)

    await ui.press('esc', 'enter')
    expect(ui.text()).toMatch(/│ now {2}▲ due {2}✖ overdue/)

    await ui.press('w')
    expect(ui.text()).toMatch(/engine +written by +Apache-Spark\/4.0.1 +Apache-Spark\/4.1.0/)
    await ui.press('q', 'q')
    expect(ui.title()).toMatch(/Needs somebody/)
  })

  test('a pipeline says what changed, from its row, its page and its alert', async () => {
    const ui = await aSession(aWorld())

    await ui.press('3', 'w')
    expect(ui.text()).toMatch(/duration +a run takes +18 min +40 min/)
    await ui.press('q', 'enter', 'w')
    expect(ui.title()).toMatch(/pipelines › … › What changed in flows\/daily_orders/)

    await ui.press('1', 'j', 'enter')
    expect(ui.text()).toMatch(/Runs, the newest 15/)
  })

  test('a run leads to its tasks, their time and the error', async () => {
    const ui = await aSession(aWorld())

    await ui.press('4', 'enter')

    expect(ui.text()).toMatch(/✖ failure +publish +7 min/)
    expect(ui.text()).toMatch('PermissionError: gold/orders')
  })
})

describe('lists', () => {
  test('a filter narrows while it is typed, ! inverts, esc gives all back', async () => {
    const ui = await aSession(aWorld())
    await ui.press('2', '/')
    await ui.type('gold/')
    expect(ui.title()).toBe('Tables  3 of 6  /gold/')

    await ui.press('enter', '/', 'ctrl-u')
    await ui.type('!gold/')
    await ui.press('enter')
    expect(ui.title()).toBe('Tables  3 of 6  /!gold/')

    await ui.press('esc')
    expect(ui.title()).toBe('Tables  6')
  })

  test('esc while typing brings the filter back that was there', async () => {
    const ui = await aSession(aWorld())
    await ui.press('2', '/')
    await ui.type('silver')
    await ui.press('enter', '/')
    await ui.type('xyz')
    expect(ui.text()).toMatch(/No row contains silverxyz; esc shows all/)

    await ui.press('esc')

    expect(ui.title()).toBe('Tables  2 of 6  /silver')
  })

  test('s goes through the columns, each up and down, then back to the own order', async () => {
    const ui = await aSession(aWorld())
    await ui.press('2')
    const own = ui.selected()

    await ui.press('s')
    expect(ui.selected()).toMatch(/bronze/)
    expect(ui.text()).toMatch('TABLE↑')
    await ui.press('s')
    expect(ui.text()).toMatch('TABLE↓')

    await ui.type(':sort -rows')
    await ui.press('enter')
    expect(ui.selected()).toMatch(/gold\/blind.*6,671,580/)

    await ui.type(':sort')
    await ui.press('enter')
    expect(ui.text()).toMatch(/sort by one of table, changed, due/)
    for (let i = 0; i < 30 && ui.selected() !== own; i++) await ui.press('s')
    expect(ui.selected()).toBe(own)
  })

  test('the cursor stays on its row when the order changes, and inside when rows go', async () => {
    const world = aWorld()
    const ui = await aSession(world)
    await ui.press('2', 'G', 'k')
    expect(ui.selected()).toMatch(/silver\/顧客/)

    await ui.type(':sort changed')
    await ui.press('enter', 'j', 'j')
    const on = ui.selected()
    await ui.turn(60)
    expect(ui.selected().slice(0, 30)).toBe(on.slice(0, 30))

    await ui.press('G', 'j', 'ctrl-d', 'k', 'g', 'k', 'ctrl-u')
    expect(ui.selected()).toMatch(/^✖ blind|^● ok/)
  })

  test('digits, tab and commands change the screen; commands complete', async () => {
    const ui = await aSession(aWorld())
    await ui.press('tab')
    expect(ui.title()).toMatch(/^Tables/)
    await ui.press('shift-tab', 'shift-tab')
    expect(ui.title()).toMatch(/^Log/)

    await ui.press(':')
    await ui.type('si')
    await ui.press('tab')
    expect(ui.text()).toMatch(/:silences/)
    await ui.press('enter')
    expect(ui.title()).toMatch(/^Silences/)

    await ui.type(':nonsense')
    await ui.press('enter')
    expect(ui.text()).toMatch(/there is no command nonsense; there are overview, tables/)
  })

  test('y copies the name; q on the first screen and ctrl-c anywhere end', async () => {
    const ui = await aSession(aWorld())
    await ui.press('2', 'y')
    expect(ui.copied).toEqual(['s3://lake/gold/revenue'])
    expect(ui.text()).toMatch('copied s3://lake/gold/revenue')

    await ui.press('q')
    expect(ui.quits()).toBe(1)
    await ui.press('enter', '/', 'ctrl-c')
    expect(ui.quits()).toBe(2)
  })

  test('what the terminal does not take, or is too long for it, is printed at the end', async () => {
    const refusing = await aSession(aWorld(), undefined, undefined, false, 'no clipboard here')
    await refusing.press('2', 'y')
    expect(refusing.copied).toEqual([])
    expect(refusing.text()).toMatch(
      /▲ s3:\/\/lake\/gold\/revenue {2}\(printed at the end, not copied: no clipboard here\)/,
    )
    expect(refusing.session.printed).toEqual(['s3://lake/gold/revenue'])

    const logs = [{ id: 1, at: NOW, level: 'info', message: `${'顧'.repeat(30_000)}\n`, fields: {} }]
    const long = await aSession(aWorld({ '/api/tidemark/logs': { dropped: 0, logs } }))
    await long.type(':logs info')
    await long.press('enter', 'y')
    expect(long.copied).toEqual([])
    expect(long.session.printed).toEqual([`${'顧'.repeat(30_000)}\\u000a`])
  })

  test('? shows every key and any way back leaves it', async () => {
    const ui = await aSession(aWorld())
    await ui.press('?')
    expect(ui.text()).toMatch(/walk upstream to the root cause/)
    await ui.press('G')
    expect(ui.text()).toMatch(/▲ warn +late, slow or wasteful/)

    await ui.press('q')
    expect(ui.title()).toMatch(/Needs somebody/)
    expect(ui.quits()).toBe(0)
  })
})

describe('what changes something', () => {
  test('asks why, asks again, and enter is no yes', async () => {
    const world = aWorld()
    const ui = await aSession(world)
    await ui.press('6', 'm')
    await ui.press('enter')
    expect(ui.text()).toMatch('say why first')
    await ui.type('upstream is fixed')
    await ui.press('enter', 'enter')
    expect(ui.text()).toMatch(/Mute TableOverdue of gold\/revenue for 2 h\?/)
    expect(world.sent).toEqual([])

    await ui.press('y')

    expect(world.sent).toHaveLength(1)
    expect(world.sent[0]).toMatch(
      /^POST \/api\/v2\/silences .*"createdBy":"anna","comment":"upstream is fixed"/,
    )
    expect(ui.text()).toMatch('done: Mute TableOverdue of gold/revenue for 2 h')
  })

  test('marked rows go together; no changes nothing', async () => {
    const world = aWorld()
    const ui = await aSession(world)
    await ui.press('6', 'space', 'space', 'a')
    expect(ui.text()).toMatch(/Acknowledge TableOverdue of gold\/revenue until it resolves and 1 more\?/)
    await ui.press('n')
    expect(ui.text()).toMatch('nothing was changed')
    expect(world.sent).toEqual([])

    await ui.press('a', 'y')
    expect(world.sent.map((sent) => sent.split(' ')[1])).toEqual([
      '/api/tidemark/alerts/a1/acknowledge',
      '/api/tidemark/alerts/a3/acknowledge',
    ])
  })

  test('p gives the command instead, quoted for a shell', async () => {
    const world = aWorld()
    const ui = await aSession(world)
    await ui.press('6', 'm')
    await ui.type("it's planned")
    await ui.press('enter', 'p')

    expect(world.sent).toEqual([])
    expect(ui.session.printed).toEqual([
      `tidemark silence add 'alertname="TableOverdue"' 'severity="error"' 'source="lake"' 'table="gold/revenue"' --for 2h --comment 'it'\\''s planned'`,
    ])
  })

  test('a silence is ended', async () => {
    const world = aWorld()
    const ui = await aSession(world)

    await ui.press('9', 'e', 'y')

    expect(world.sent).toEqual(['DELETE /api/v2/silence/s1'])
  })
})

describe('the log', () => {
  test("is the daemon's and what happened here, newest first, from a level on, by a text", async () => {
    const world = aWorld()
    const ui = await aSession(world)
    await ui.press('9', 'e', 'y')
    await ui.type(':logs')
    await ui.press('enter')
    expect(ui.text()).toMatch(
      /● ok +2\d\d\d-.* here +done: End the silence of [\s\S]*✖ error .* 20 s +daemon +flows: the poll failed source=flows tries=3 error=\\u001b\[2J503/,
    )

    await ui.type(':logs warn')
    await ui.press('enter')
    expect(ui.title()).toMatch(/^Log, warn and worse  \d/)
    await ui.press('/')
    await ui.type('slow')
    await ui.press('enter')
    expect(ui.selected()).toMatch(/▲ warn .* 9 min +daemon +slow tick took=5100/)
    await ui.press('y')
    expect(ui.copied).toEqual(['slow tick took=5100'])

    await ui.type(':logs loud')
    await ui.press('enter')
    expect(ui.text()).toMatch('logs takes debug, info, warn, error; / filters by a text')
    await ui.type(':lo')
    await ui.press('tab')
    expect(ui.text()).toMatch(/:logs▏ +logs *\n/)
  })
})

describe('a screen reader', () => {
  test('hears where it is and the row in words, and no columns', async () => {
    const ui = await aSession(aWorld(), { screen: 'alerts', subject: '' }, { columns: 80, rows: 24 }, true)
    await ui.press('j')

    expect(ui.text()).toMatchInlineSnapshot(`
      "Alerts
      Row 2 of 4: error. alert PipelineFailed; about daily_orders; for 1 h 6 min; told oncall; source flows; summary daily_orders needs a look."
    `)
  })

  test('is not told a row again because it grew older, but when a key asks', async () => {
    const ui = await aSession(aWorld(), { screen: 'alerts', subject: '' }, { columns: 80, rows: 24 }, true)
    await ui.press('j')
    const said = ui.session.frame()
    await ui.turn(120)
    expect(ui.session.frame()).toBe(said)
    await ui.press('k', 'j')
    expect(ui.text()).toContain('for 1 h 8 min')
  })
})

describe('a daemon that goes away', () => {
  test('was never there: says so and what to do', async () => {
    const world = aWorld()
    world.down = true
    const ui = await aSession(world)

    expect(ui.text()).toMatch('✖ no daemon')
    expect(ui.text()).toMatch('tidemark run -c tidemark.yaml')
    expect(ui.text()).toMatch('tidemark scan PATH')
  })

  test('the last answer stays, with its age, and the log tells both', async () => {
    const world = aWorld()
    const ui = await aSession(world)
    await ui.press('2')
    world.down = true
    await ui.turn(60)
    await ui.turn(5)
    expect(ui.text()).toMatch(/✖ 1 min old, no answer since/)
    expect(ui.selected()).toMatch(/gold\/revenue/)

    world.down = false
    await ui.turn(60)
    await ui.turn()
    expect(ui.text()).toMatch(/now *\n/)
    await ui.type(':logs')
    await ui.press('enter')
    expect(ui.text()).toMatch(/answers again after: no daemon answers/)
  })

  test('alerts that begin and end while it is open are in the log', async () => {
    const answers: Record<string, unknown> = {}
    const ui = await aSession(aWorld(answers))
    answers['/api/v2/alerts'] = []
    await ui.turn(60)
    await ui.type(':logs')
    await ui.press('enter')

    expect(ui.text()).toMatch(/● ok .* ended: PipelineFailed daily_orders: daily_orders needs a look/)
  })

  test('an answer in other words than ours is an error, not a crash', async () => {
    const ui = await aSession(aWorld({ '/api/tidemark/sources': { sources: [{ id: 7 }] } }), {
      screen: 'sources',
      subject: '',
    })

    expect(ui.text()).toMatch('answered in other words than expected')
    expect(ui.text()).toMatch('sources.0.id: Invalid')
    expect(ui.text()).toMatch('✖ no answer')
  })
})
