import { describe, expect, test } from 'vitest'
import { Inbox } from '../../src/agent/inbox.ts'
import { createLog } from '../../src/io/log.ts'
import { StoreError } from '../../src/model/errors.ts'
import type { Store } from '../../src/model/store.ts'
import { DAY } from '../../src/model/units.ts'
import { openStore } from '../../src/store/store.ts'
import { aReport } from '../model/a-run.ts'
import { NOW } from '../model/a-table.ts'

const log = createLog('silent')
const open = () =>
  openStore({ directory: ':memory:', now: NOW, log, retention: { samples: DAY, commits: DAY, runs: DAY } })

/** A store that counts its transactions and may refuse them. */
function watched(store: Store, refuse: (facts: number) => Error | undefined = () => undefined) {
  const transactions: number[] = []
  const record: Store['record'] = (facts, at) => {
    const error = refuse(facts.length)
    if (error) throw error
    transactions.push(facts.length)
    store.record(facts, at)
  }
  return { store: Object.assign(Object.create(store) as Store, { record }), transactions }
}

describe('the inbox', () => {
  test('records what arrives together in one transaction, before anybody is answered', async () => {
    await using store = await open()
    const { store: counted, transactions } = watched(store)
    const inbox = new Inbox(counted, log)

    await Promise.all(Array.from({ length: 50 }, (_, i) => inbox.take([aReport({ runId: `r${i}` })], NOW)))

    expect(transactions).toHaveLength(1)
    expect(store.facts('run')).toHaveLength(50)
    expect(store.facts('run-tally')[0]!.runs).toEqual({ success: 50 })
  })

  test('tells every sender when the disk does not take it, and takes the next', async () => {
    await using store = await open()
    let full = true
    const { store: failing } = watched(store, () => (full ? new StoreError('full', 'disk full') : undefined))
    const inbox = new Inbox(failing, log)

    const both = await Promise.allSettled([inbox.take([aReport()], NOW), inbox.take([aReport()], NOW)])
    full = false
    await inbox.take([aReport()], NOW)

    expect(both.map((one) => one.status)).toEqual(['rejected', 'rejected'])
    expect(store.facts('run-tally')[0]!.runs).toEqual({ success: 1 })
  })

  test('one that cannot be settled does not take the others with it', async () => {
    await using store = await open()
    const inbox = new Inbox(store, log)
    const broken = { ...aReport(), labels: null as never }

    const outcomes = await Promise.allSettled([inbox.take([broken], NOW), inbox.take([aReport()], NOW)])

    expect(outcomes.map((one) => one.status)).toEqual(['rejected', 'fulfilled'])
    expect(store.facts('run')).toHaveLength(1)
  })

  test('asks to come again when too much waits', async () => {
    await using store = await open()
    const inbox = new Inbox(store, log)
    const many = Array.from({ length: 50_001 }, () => aReport())

    await expect(inbox.take(many, NOW)).rejects.toThrow('50000 may')
  })
})
