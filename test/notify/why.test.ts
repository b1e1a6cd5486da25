// Every verdict of whyNotify, as a table.
import { describe, expect, test } from 'vitest'
import type { Told } from '../../src/model/notice.ts'
import { HOUR, MINUTE, millis, plus } from '../../src/model/units.ts'
import { whyNotify } from '../../src/notify/why.ts'
import { START } from './world.ts'

const told = (firing: string[], resolved: string[] = [], flapping: string[] = []): Told => ({
  at: START,
  reason: 'first notification',
  firing,
  resolved,
  flapping,
})

interface Row {
  readonly name: string
  readonly told?: Told
  readonly firing?: string[]
  readonly resolved?: string[]
  readonly flapping?: string[]
  readonly sendResolved?: boolean
  /** Minutes since it was told; the repeat interval is an hour. */
  readonly after?: number
  readonly says: string
}

const rows: readonly Row[] = [
  { name: 'never told, one fires', firing: ['a'], says: 'first notification' },
  {
    name: 'never told, one fires and one is over',
    firing: ['a'],
    resolved: ['b'],
    says: 'first notification',
  },
  { name: 'never told, all over', resolved: ['a'], says: 'not: over before it was told' },
  { name: 'nobody visible', told: told(['a']), says: 'not: nothing to tell' },
  { name: 'the same again', told: told(['a', 'b']), firing: ['a', 'b'], says: 'not: already told' },
  { name: 'fewer, but the rest is hidden', told: told(['a', 'b']), firing: ['a'], says: 'not: already told' },
  { name: 'one more', told: told(['a']), firing: ['a', 'b'], says: 'new alerts' },
  { name: 'another one', told: told(['a']), firing: ['b'], says: 'new alerts' },
  {
    name: 'fires again after all were over',
    told: told([], ['a']),
    firing: ['a'],
    says: 'first notification',
  },
  {
    name: 'a new one wins over resolved ones',
    told: told(['a']),
    firing: ['b'],
    resolved: ['a'],
    says: 'new alerts',
  },
  { name: 'all over', told: told(['a', 'b']), resolved: ['a', 'b'], says: 'all alerts resolved' },
  {
    name: 'all over, for one that does not show resolved',
    told: told(['a']),
    resolved: ['a'],
    sendResolved: false,
    says: 'all alerts resolved',
  },
  {
    name: 'over, but it was never told as firing',
    told: told([]),
    resolved: ['a'],
    says: 'not: over before it was told',
  },
  { name: 'some over', told: told(['a', 'b']), firing: ['b'], resolved: ['a'], says: 'some alerts resolved' },
  {
    name: 'some over, not shown',
    told: told(['a', 'b']),
    firing: ['b'],
    resolved: ['a'],
    sendResolved: false,
    says: 'not: already told',
  },
  {
    name: 'some over, told already',
    told: told(['a', 'b'], ['a']),
    firing: ['b'],
    resolved: ['a'],
    says: 'not: already told',
  },
  {
    name: 'some over that nobody heard of',
    told: told(['b']),
    firing: ['b'],
    resolved: ['a'],
    says: 'not: already told',
  },
  { name: 'begins to flap', told: told(['a']), firing: ['a'], flapping: ['a'], says: 'an alert is flapping' },
  {
    name: 'still flaps',
    told: told(['a'], [], ['a']),
    firing: ['a'],
    flapping: ['a'],
    says: 'not: already told',
  },
  {
    name: 'a minute before the repeat interval',
    told: told(['a']),
    firing: ['a'],
    after: 59,
    says: 'not: already told',
  },
  { name: 'at the repeat interval', told: told(['a']), firing: ['a'], after: 60, says: 'repeat' },
  {
    name: 'resolved is not repeated',
    told: told([], ['a']),
    resolved: ['a'],
    after: 600,
    says: 'not: over before it was told',
  },
]

describe('whyNotify', () => {
  test.for(rows)('$name: $says', ({ says, after = 1, ...row }) => {
    const decision = whyNotify({
      told: row.told,
      firing: row.firing ?? [],
      resolved: row.resolved ?? [],
      flapping: row.flapping ?? [],
      sendResolved: row.sendResolved ?? true,
      repeatInterval: HOUR,
      tick: plus(START, millis(after * MINUTE)),
    })

    expect(`${decision.notify ? '' : 'not: '}${decision.why}`).toBe(says)
  })

  test('says from when on it would be repeated', () => {
    const decision = whyNotify({
      told: told(['a']),
      firing: ['a'],
      resolved: [],
      flapping: [],
      sendResolved: true,
      repeatInterval: HOUR,
      tick: START,
    })

    expect(decision).toEqual({ notify: false, why: 'already told', until: plus(START, HOUR) })
  })
})
