// One alert's life: tables for the cases people ask about, properties for all the others.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HOUR, MINUTE, type Timestamp, millis, timestamp } from '../../src/model/units.ts'
import { type AlertState, type Patience, type Sight, restored, step } from '../../src/rules/alert-state.ts'

const at = (minute: number): Timestamp => timestamp(minute * MINUTE)
const patience = (hold: number, keep = 0): Patience => ({
  hold: millis(hold * MINUTE),
  keepFiring: millis(keep * MINUTE),
})

/** One letter a minute: a active, i inactive, n no data, r a restart; answers one letter each: - p f r, capital when blind. */
function live(sights: string, rule: Patience): string {
  let state: AlertState | undefined
  let phases = ''
  Array.from(sights).forEach((sight, minute) => {
    if (sight === 'r') state = state && restored(state)
    else
      state = step(state, sight === 'a' ? 'active' : sight === 'i' ? 'inactive' : 'no data', at(minute), rule)
    const letter = state === undefined ? '-' : state.phase[0]!
    phases += state !== undefined && state.phase !== 'resolved' && state.blind ? letter.toUpperCase() : letter
  })
  return phases
}

describe('step', () => {
  test.for<[string, string, string, Patience]>([
    ['fires at once without for', 'iaai', '-ffr', patience(0)],
    ['waits for `for`, and not a moment longer', 'aaaaa', 'pppff', patience(3)],
    ['a gap starts `for` anew', 'aaiaaaa', 'pp-pppf', patience(3)],
    ['resolved is kept for 15 minutes', 'ai' + 'i'.repeat(17), 'f' + 'r'.repeat(16) + '--', patience(0)],
    ['an alert that comes back is pending again', 'aaiaa', 'pfrpf', patience(1)],
    ['keep_firing_for holds it up', 'aiiiaiiii', 'ffffffffr', patience(0, 3)],
    ['keep_firing_for does not fire what is pending', 'aia', 'p-p', patience(1, 5)],
    ['without data nothing changes', 'aannnii', 'ffFFFrr', patience(0)],
    ['time without data does not count towards for', 'aannnaaaa', 'ppPPPppff', patience(3)],
    ['time without data does not count towards keep_firing_for', 'ainnniiii', 'ffFFFfffr', patience(0, 3)],
    ['a restart keeps what fires', 'aarai', 'ffFfr', patience(0)],
    ['a restart keeps a short for', 'aaraa', 'ppPpp', patience(4)],
    ['no data from the start is nothing', 'nnn', '---', patience(0)],
  ])('%s', ([, sights, expected, rule]) => {
    expect(live(sights, rule)).toBe(expected)
  })

  test('a pending alert that was out of sight for more than an hour starts anew', () => {
    const pending = step(undefined, 'active', at(0), patience(10))!
    const blind = step(pending, 'no data', at(1), patience(10))!
    const back = step(blind, 'active', timestamp(at(1) + HOUR), patience(10))

    expect(back).toMatchObject({ phase: 'pending', since: timestamp(at(1) + HOUR) })
  })

  test('a state survives JSON', () => {
    const firing = step(undefined, 'active', at(0), patience(0))

    expect(JSON.parse(JSON.stringify(firing))).toEqual(firing)
  })
})

const sights = fc.array(fc.constantFrom<Sight>('active', 'active', 'active', 'inactive', 'no data'), {
  maxLength: 60,
})
const rules = fc.record({ hold: fc.integer({ min: 0, max: 8 }), keep: fc.integer({ min: 0, max: 5 }) })

test('an alert never fires before its condition was seen for as long as `for` says', () => {
  fc.assert(
    fc.property(sights, rules, (seen, { hold, keep }) => {
      let state: AlertState | undefined
      let confirmed = 0
      let before: Sight = 'inactive'
      const early: number[] = []
      seen.forEach((sight, minute) => {
        const next = step(state, sight, at(minute), patience(hold, keep))
        if (sight === 'active' && before === 'active') confirmed += 1
        if (sight === 'inactive') confirmed = 0
        if (state?.phase !== 'firing' && next?.phase === 'firing' && confirmed < hold) early.push(minute)
        state = next
        before = sight
      })

      expect(early).toEqual([])
    }),
  )
})

test('what fired resolves exactly once, only when seen to be over, and without data nothing changes', () => {
  fc.assert(
    fc.property(sights, rules, (seen, { hold, keep }) => {
      let state: AlertState | undefined
      let fired = 0
      let resolved = 0
      seen.forEach((sight, minute) => {
        const next = step(state, sight, at(minute), patience(hold, keep))
        const [from, to] = [state?.phase ?? 'none', next?.phase ?? 'none']
        if (from !== 'firing' && to === 'firing') fired += 1
        if (from === 'firing' && to !== 'firing') {
          expect([to, sight]).toEqual(['resolved', 'inactive'])
          resolved += 1
        }
        if (from !== 'resolved' && to === 'resolved') expect(from).toBe('firing')
        if (sight === 'no data' && from !== 'resolved') expect(to).toBe(from)
        state = next
      })
      expect(fired - resolved).toBe(state?.phase === 'firing' ? 1 : 0)
    }),
  )
})

test('a restart at any moment neither fires early nor resolves by itself', () => {
  fc.assert(
    fc.property(sights, rules, fc.nat(59), (seen, { hold, keep }, restartAt) => {
      let [kept, other]: Array<AlertState | undefined> = [undefined, undefined]
      const wrong: string[] = []
      seen.forEach((sight, minute) => {
        if (minute === restartAt && other) other = JSON.parse(JSON.stringify(restored(other))) as AlertState
        kept = step(kept, sight, at(minute), patience(hold, keep))
        other = step(other, sight, at(minute), patience(hold, keep))
        if (kept?.phase === 'pending' && other?.phase !== 'pending') wrong.push(`${minute}: ${other?.phase}`)
        if (kept === undefined && other?.phase === 'pending') wrong.push(`${minute}: still pending`)
      })

      expect(wrong).toEqual([])
    }),
  )
})
