// Disaster recovery as docs/disaster-recovery.md tells it: both databases backed up while they are written, put
// elsewhere, opened. What was recorded before the backup is there, and it goes on.
import fs from 'node:fs'
import path from 'node:path'
import { DatabaseSync, backup } from 'node:sqlite'
import { expect, test } from 'vitest'
import { minute, open, problem, tempDirectory } from './fixtures.ts'

const rows = (n: number) => [{ name: 'rows', labels: { table: 'a' }, value: n }]
const NAMED = [{ name: '__name__', op: '=', value: 'rows' }] as const

test('a backup made while the store is written opens elsewhere with all that came before it', async () => {
  const [home, copy] = [tempDirectory(), tempDirectory()]
  try {
    await using store = await open(home)
    for (let i = 1; i <= 10; i++) store.series.append('catalogue', rows(i), minute(i))
    store.record([problem('before')], minute(10))

    for (const name of ['state.db', 'metrics.db']) {
      using source = new DatabaseSync(path.join(home, name), { readOnly: true })
      const done = backup(source, path.join(copy, name))
      store.record([problem(`during ${name}`)], minute(11))
      await done
    }
    store.series.append('catalogue', rows(99), minute(12))

    await using restored = await open(copy, { now: minute(13) })
    const [series] = restored.series.find(NAMED)
    const { values } = series!.samples({ from: minute(0), to: minute(13) })
    expect([...values].slice(0, 10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(restored.facts('problem').map(({ id }) => id)).toContain('before')
    expect(restored.stats.quarantined).toEqual([])
    restored.record([problem('after')], minute(14))
    expect(restored.facts('problem').map(({ id }) => id)).toContain('after')
  } finally {
    fs.rmSync(home, { recursive: true, force: true })
    fs.rmSync(copy, { recursive: true, force: true })
  }
})
