// The summary of a week, as its reader gets it.
import { expect, test } from 'vitest'
import type { Fact } from '../../src/model/facts.ts'
import type { FactReader } from '../../src/model/store.ts'
import { digestOf } from '../../src/notify/notify.ts'
import { at, createWorld, firing, resolved, settle } from './world.ts'

const known = (...facts: object[]): FactReader => ({
  facts: ((kind) => facts.filter((fact) => (fact as Fact).kind === kind)) as FactReader['facts'],
  recorded: () => [],
})
const notice = (name: string, subject: string, more = {}) => ({
  kind: 'notice',
  id: `${name}${subject}`,
  at: at(1),
  status: 'firing',
  reason: 'first notification',
  about: [{ name, subject }],
  ...more,
})

test('says what was late, failed, noisy, blind and dear', async () => {
  const digest = digestOf(
    known(
      notice('TableLate', 'table gold/orders'),
      notice('TableLate', 'table gold/orders', { reason: 'repeat' }),
      notice('TableLate', 'table gold/users'),
      notice('RunSlow', 'pipeline daily', { status: 'resolved' }),
      notice('Digest', '', { reason: 'announcement' }),
      { kind: 'run', source: 'flows', pipeline: 'daily', state: 'failure' },
      { kind: 'run', source: 'flows', pipeline: 'daily', state: 'timeout' },
      { kind: 'run', source: 'flows', pipeline: 'hourly', state: 'success' },
      { kind: 'problem', source: 'lake', subject: 'gold/x', message: 'access denied', resolved: null },
      { kind: 'problem', source: 'lake', subject: 'gold/y', message: 'was denied', resolved: at(0) },
      {
        kind: 'advice',
        state: 'active',
        advice: { title: 'Compact gold/orders', cost: { savings: { p50: 41.5 } } },
      },
      { kind: 'advice', state: 'dismissed', advice: { title: 'No', cost: { savings: { p50: 99 } } } },
      { kind: 'advice', state: 'active', advice: { title: 'Unknown', cost: { savings: null } } },
      { kind: 'advising', total: { before: 100, after: 58.5 } },
    ),
    at(0),
    at(7 * 86_400),
  )

  await expect(`${digest.title}\n\n${digest.text}\n`).toMatchFileSnapshot('digest.txt')
})

test('nothing known is said as such', () => {
  expect(digestOf(known(), at(0), at(86_400)).text).toContain('Late or wrong tables\n  none')
})

test('goes out through the outbox like everything else', async () => {
  const world = createWorld(
    "route: { receiver: hook, group_wait: 1s }\nreceivers: [ { name: hook, webhook_configs: [ { url: 'http://hook.example/' } ] } ]",
  )
  await world.push(1, firing('late', { table: 'a' }))
  await world.until(5)
  await world.push(6, resolved('late', at(6), { table: 'a' }))
  const { title, text } = digestOf({ facts: world.store.facts, recorded: () => [] }, at(0), at(10))
  world.notifier.announce({ receiver: 'hook', id: 'digest-2026-05-04', title, text }, world.clock.now())
  world.restart()
  await world.until(8)
  await settle()

  expect(world.calls.at(-1)!.body).toContain('Tidemark, the last 10 s: 1 notifications, 0 failed runs')
  expect(world.calls.at(-1)!.body).toContain('a: late, told once')
})
