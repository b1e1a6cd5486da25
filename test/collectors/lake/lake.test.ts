// The lake collector over a folder: what it finds, what it leaves out, what it says of what it cannot read.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { collectors } from '../../../src/collectors/index.ts'
import { createIo } from '../../../src/io/io.ts'
import { createLog } from '../../../src/io/log.ts'
import type { Fact } from '../../../src/model/facts.ts'
import { MINUTE, plus } from '../../../src/model/units.ts'
import { fakeClock } from '../../io/fake-clock.ts'
import { NOW } from '../../model/a-table.ts'
import { commit } from './small-lake.ts'

let root: string
beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-lake-'))
})
afterEach(() => fs.rmSync(root, { recursive: true, force: true }))

function watch(config: Record<string, unknown> = {}) {
  const lake = collectors.find((collector) => collector.type === 'lake')!
  const io = createIo({ clock: fakeClock(NOW), log: createLog('silent'), base: root, environment: {} })
  const source = lake.connect(
    { name: 'lake', every: MINUTE },
    lake.Config.parse({ path: root, ...config }),
    io,
  )
  if (source.mode !== 'poll') throw new Error('the lake is polled')
  let polls = 0
  return async (): Promise<Fact[]> =>
    Array.fromAsync(
      source.poll({
        now: plus(NOW, (polls++ * MINUTE) as typeof MINUTE),
        cursor: undefined,
        signal: new AbortController().signal,
      }),
    )
}
const tables = (facts: readonly Fact[]) =>
  facts.flatMap((fact) => (fact.kind === 'table' ? [fact.table] : [])).toSorted()
const problems = (facts: readonly Fact[]) =>
  facts.flatMap((fact) => (fact.kind === 'problem' ? [`${fact.subject}: ${fact.reason}`] : [])).toSorted()
const inventories = (facts: readonly Fact[]) =>
  facts.flatMap((fact) => (fact.kind === 'inventory' ? [fact.tableIds.length] : []))

describe('discovery', () => {
  test('finds tables at any depth, not inside tables, partitions or hidden folders', async () => {
    for (const table of ['a', 'b/c', 'b/d/e', 'a/inside', 'b/day=1/f', '_hidden/g', '.git/h']) {
      commit(path.join(root, table), 0, NOW, 1)
    }

    expect(tables(await watch()())).toEqual(['a', 'b/c', 'b/d/e'])
  })

  test('the root itself may be a table', async () => {
    commit(root, 0, NOW, 1)

    expect(tables(await watch()())).toEqual([path.basename(root)])
  })

  test('include and exclude are globs on the table path', async () => {
    for (const table of ['gold/a', 'gold/b', 'bronze/c']) commit(path.join(root, table), 0, NOW, 1)

    expect(tables(await watch({ include: ['gold/**'], exclude: ['**/b'] })())).toEqual(['gold/a'])
  })

  test('a format that is not read is said', async () => {
    commit(path.join(root, 'a'), 0, NOW, 1)
    fs.mkdirSync(path.join(root, 'hudi/.hoodie'), { recursive: true })

    const facts = await watch()()

    expect(problems(facts)).toEqual(['hudi: unsupported'])
    expect(inventories(facts)).toEqual([])
  })

  test('a link that leads out of the root is a problem of its own; the tables beside it are read', async () => {
    commit(path.join(root, 'db/a'), 0, NOW, 1)
    fs.symlinkSync('/etc/hostname', path.join(root, 'db/out'))

    const facts = await watch()()

    expect(tables(facts)).toEqual(['db/a'])
    expect(problems(facts)).toEqual(['db/out: outside-root'])
    expect(inventories(facts), 'an incomplete look says nothing of what is gone').toEqual([])
  })

  test('nothing at all is no lake: what was known is not taken as gone', async () => {
    commit(path.join(root, 'a'), 0, NOW, 1)
    const poll = watch({ discover: '1m' })
    await poll()
    fs.rmSync(path.join(root, 'a'), { recursive: true })

    await expect(poll()).rejects.toMatchObject({
      reason: 'missing',
      message: expect.stringContaining('1 were there before'),
    })
  })
})

describe('polls', () => {
  test('a quiet table is only confirmed; a commit is told once', async () => {
    commit(path.join(root, 'a'), 0, NOW, 1)
    commit(path.join(root, 'b'), 0, NOW, 1)
    const poll = watch()
    expect((await poll()).map(({ kind }) => kind).toSorted()).toEqual([
      'commit',
      'commit',
      'inventory',
      'table',
      'table',
    ])

    expect(await poll()).toEqual([
      { kind: 'observed', id: 'lake', source: 'lake', tableIds: expect.any(Array) as unknown },
    ])
    commit(path.join(root, 'a'), 1, plus(NOW, MINUTE), 1)
    const facts = await poll()

    expect(facts.flatMap((fact) => (fact.kind === 'commit' ? [fact.version] : []))).toEqual(['1'])
    expect(facts.find((fact) => fact.kind === 'observed')?.tableIds).toHaveLength(1)
  })

  test('a table that appears is found at the next look, one that disappears leaves the inventory', async () => {
    commit(path.join(root, 'a'), 0, NOW, 1)
    commit(path.join(root, 'b'), 0, NOW, 1)
    const poll = watch({ discover: '1m' })
    await poll()
    fs.rmSync(path.join(root, 'b'), { recursive: true })
    commit(path.join(root, 'c'), 0, NOW, 1)

    const facts = await poll()

    expect(tables(facts)).toEqual(['c'])
    expect(inventories(facts)).toEqual([2])
  })

  test('what cannot be read is a problem of its table at each poll, until it can', async () => {
    commit(path.join(root, 'a'), 0, NOW, 1)
    const broken = path.join(root, 'b/_delta_log/00000000000000000000.json')
    fs.mkdirSync(path.dirname(broken), { recursive: true })
    fs.writeFileSync(broken, 'no json')
    const poll = watch()

    expect(problems(await poll())).toEqual(['b: corrupt'])
    expect(problems(await poll())).toEqual(['b: corrupt'])
    commit(path.join(root, 'b'), 0, NOW, 1)
    const facts = await poll()

    expect(problems(facts)).toEqual([])
    expect(tables(facts)).toEqual(['b'])
  })
})
