import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { conclude, count, settle } from '../../src/ledger/ledger.ts'
import type { CommitFact, Fact, FactOf, Kind, ProblemFact, TallyFact } from '../../src/model/facts.ts'
import type { FactReader, Where } from '../../src/model/store.ts'
import { HOUR, timestamp } from '../../src/model/units.ts'
import { NOW, aCommit, aTable } from '../model/a-table.ts'

/** Facts in a list: what the ledger needs of a store. */
function knownFacts(facts: readonly Fact[]): FactReader {
  const find = <K extends Kind>(kind: K, where: Where = {}) =>
    facts.filter(
      (fact): fact is FactOf<K> =>
        fact.kind === kind &&
        (where.id === undefined || fact.id === where.id) &&
        (where.source === undefined || ('source' in fact && fact.source === where.source)),
    )
  return {
    facts: find,
    recorded: (kind, where) => find(kind, where).map((fact) => ({ fact, recordedAt: NOW, observedAt: NOW })),
  }
}

const problem = (change: Partial<ProblemFact> = {}): ProblemFact => ({
  kind: 'problem',
  id: 'lake/gold/orders',
  source: 'lake',
  subject: 'gold/orders',
  tableId: 's3://lake/gold/orders',
  reason: 'corrupt',
  message: 'read 00000000000000000003.json: not JSON',
  since: NOW,
  resolved: null,
  ...change,
})

describe('problems', () => {
  const earlier = timestamp(NOW - HOUR)

  test('one that goes on keeps its start', () => {
    const known = knownFacts([problem({ since: earlier })])

    expect(settle([problem()], known)).toEqual([problem({ since: earlier })])
  })

  test('one that comes back after it was over starts anew', () => {
    const known = knownFacts([problem({ since: earlier, resolved: earlier })])

    expect(settle([problem()], known)).toEqual([problem()])
  })

  test('one that a complete poll did not meet is over; other sources are left alone', () => {
    const known = knownFacts([problem({ since: earlier }), problem({ id: 'other/x', source: 'other' })])
    const end = { source: 'lake', problems: new Set<string>(), inventory: undefined }

    expect(conclude(end, known, NOW)).toEqual([problem({ since: earlier, resolved: NOW })])
    expect(conclude({ ...end, problems: new Set(['lake/gold/orders']) }, known, NOW)).toEqual([])
  })
})

describe('tables', () => {
  const other = aTable({ id: 's3://lake/gone', table: 'gone' })

  test('one that a complete look did not find has vanished, once', () => {
    const end = { source: 'lake', problems: new Set<string>(), inventory: [aTable().id] }

    expect(conclude(end, knownFacts([aTable(), other]), NOW)).toEqual([{ ...other, vanished: NOW }])
    expect(conclude(end, knownFacts([aTable(), { ...other, vanished: NOW }]), NOW)).toEqual([])
  })

  test('without an inventory nothing is said to be gone', () => {
    const end = { source: 'lake', problems: new Set<string>(), inventory: undefined }

    expect(conclude(end, knownFacts([aTable(), other]), NOW)).toEqual([])
  })
})

test('commits are counted once, whatever overlap is read again after a restart', () => {
  const commits = fc
    .array(fc.record({ step: fc.integer({ min: 0, max: 2 }), rows: fc.nat(100), data: fc.boolean() }), {
      maxLength: 30,
    })
    .map((steps) => {
      let at = NOW as number
      return steps.map(({ step, rows, data }, i): CommitFact => {
        at += step
        return aCommit({
          id: `t@${i}`,
          version: String(i),
          at: timestamp(at),
          rowsAdded: rows,
          changesData: data,
        })
      })
    })
  fc.assert(
    fc.property(commits, fc.nat(30), fc.nat(30), (all, cut, back) => {
      const upTo = Math.min(cut, all.length)
      const again = Math.max(0, upTo - back)
      const tally = [...all.slice(0, upTo), ...all.slice(again)].reduce<TallyFact | undefined>(
        count,
        undefined,
      )

      expect(tally?.commits ?? 0).toBe(all.length)
      expect(tally?.rowsAdded ?? 0).toBe(all.reduce((sum, commit) => sum + commit.rowsAdded!, 0))
      expect(tally?.dataCommits ?? 0).toBe(all.filter((commit) => commit.changesData).length)
    }),
  )
})
