// The replay: what fired, for how long, how it flapped; and that blocks of answers are what single ones would be.
import { expect, test } from 'vitest'
import { DAY, HOUR, MINUTE, millis, timestamp } from '../../src/model/units.ts'
import { memorySeries } from '../../src/promql/promql.ts'
import { backtest, loadRuleFiles, printBacktest } from '../../src/rules/rules.ts'

const FROM = timestamp(Date.UTC(2026, 2, 2))

const rulesOver = (load: string): string => `
groups:
  - name: g
    rules:
      - { record: twice, expr: '${load} * 2' }
      - alert: High
        expr: '${load} > 5'
        for: 3m
        labels: { severity: error }
      - alert: Chained
        expr: twice > 18
        labels: { severity: warn }
      - alert: AllHigh
        expr: count(ALERTS{alertname="High",alertstate="firing"}) >= 2
      - alert: Broken
        expr: '${load} + on () group_left () ${load}'
  - name: slow
    interval: 1h
    rules:
      - { alert: Hourly, expr: 'max_over_time(${load}[1h]) > 9' }
`

/** Two tables a minute for a day: `a` is high from 2:00 for an hour and from 3:30 on for 30 minutes, `b` at 3:40 for 10 minutes. */
function history(withRecorded = false) {
  const series = memorySeries()
  const during = (minute: number, from: number, length: number): boolean =>
    minute >= from && minute < from + length
  const points = Array.from({ length: 24 * 60 }, (_, minute) => ({ at: FROM + minute * MINUTE, minute }))
  const load = (value: (minute: number) => number) => ({
    timestamps: points.map(({ at }) => at),
    values: points.map(({ minute }) => value(minute)),
  })
  series.load(
    { __name__: 'load', table: 'a' },
    load((m) => (during(m, 120, 60) ? 10 : during(m, 210, 30) ? 7 : 1)),
  )
  series.load(
    { __name__: 'load', table: 'b' },
    load((m) => (during(m, 220, 10) ? 8 : 2)),
  )
  if (withRecorded)
    series.load(
      { __name__: 'twice', table: 'a' },
      load(() => 100),
    )
  if (withRecorded)
    series.load(
      { __name__: 'ALERTS', alertname: 'High', alertstate: 'firing', table: 'z' },
      load(() => 1),
    )
  return series
}

const { groups, errors } = loadRuleFiles([{ path: 'rules.yaml', text: rulesOver('load') }])
const options = { from: FROM, to: timestamp(FROM + DAY - MINUTE) }

test('the rules load', () => {
  expect(errors).toEqual([])
})

test('a day in words', async () => {
  const report = await backtest(groups, history(), options)

  expect(printBacktest(report)).toMatchInlineSnapshot(`
    "2026-03-02 00:00 to 2026-03-02 23:59 UTC: 42.0 pages a week

    ALERT    SEVERITY  FIRED  PER WEEK  FLAPS  ALERTS      FIRING  LONGEST  ERRORS
    High     error         3      21.0      1       2  1 h 31 min   57 min       0
    Chained  warn          1       7.0      0       1         1 h      1 h       0
    AllHigh                1       7.0      0       1       7 min    7 min       0
    Broken                 0       0.0      0       0         0 s      0 s    1440
    Hourly                 1       7.0      0       1         2 h      2 h       0

    Broken: 1440 evaluations with errors, the last: found duplicate series for the match group {} on the right hand-side of the operation: [{__name__="load", table="a"}, {__name__="load", table="b"}];many-to-many matching not allowed: matching labels must be unique on one side

    2026-03-02 02:00  Chained{severity="warn", table="a"} for 1 h
    2026-03-02 02:00  Hourly{table="a"} for 2 h
    2026-03-02 02:03  High{severity="error", table="a"} for 57 min
    2026-03-02 03:33  High{severity="error", table="a"} for 27 min (flapping)
    2026-03-02 03:43  AllHigh{} for 7 min
    2026-03-02 03:43  High{severity="error", table="b"} for 7 min
    "
  `)
})

test('the same input gives the same bytes; what rules once wrote is not taken for input', async () => {
  const [once, again, recorded] = [
    await backtest(groups, history(), options),
    await backtest(groups, history(), options),
    await backtest(groups, history(true), options),
  ]

  expect(JSON.stringify(again)).toBe(JSON.stringify(once))
  expect(JSON.stringify(recorded)).toBe(JSON.stringify(once))
})

test('blocks answer as single queries do', async () => {
  // A name that cannot be known makes an expression dependent: it is evaluated slot by slot.
  const slow = loadRuleFiles([{ path: 'rules.yaml', text: rulesOver('{__name__=~"load"}') }]).groups
  const [blocks, single] = [
    await backtest(groups, history(), options),
    await backtest(slow, history(), options),
  ]

  expect(single.firings).toEqual(blocks.firings)
  expect(single.firings).toHaveLength(6)
})

test('a replay that is too long is refused with the numbers', async () => {
  await expect(
    backtest(groups, history(), { from: FROM, to: timestamp(FROM + 100_000 * DAY) }),
  ).rejects.toThrow(/needs \d+ evaluations, the limit is 10512000/)
})

test('the caller is given its turn', async () => {
  let turns = 0
  await backtest(groups, history(), {
    from: FROM,
    to: timestamp(FROM + HOUR),
    pause: async () => void turns++,
  })

  expect(turns).toBe(61 + 2)
  expect(millis(turns)).toBeGreaterThan(0)
})
