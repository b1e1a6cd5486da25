// Whatever happens to the files, the store opens, says what it lost, and goes on.
import fs from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MINUTE, timestamp } from '../../src/model/units.ts'
import {
  START,
  commit,
  cursor,
  gauge,
  listeningLog,
  minute,
  open,
  printAll,
  problem,
  tempDirectory,
} from './fixtures.ts'

/** Facts, samples in segments and samples in ticks. */
async function filled(): Promise<{ directory: string; lines: readonly string[] }> {
  const directory = tempDirectory()
  await using store = await open(directory)
  for (let i = 0; i < 300; i += 1) {
    const at = minute(i)
    store.record([problem(`p${i % 20}`, `message ${i}`), commit('t', i, at), cursor('lake', String(i))], at)
    const names = ['a', 'b', 'c', 'd'].slice(0, i % 7 === 0 ? 3 : 4)
    store.series.append(
      's',
      names.map((name) => gauge(name, { table: 't' }, i * 1.5)),
      at,
    )
  }
  await store.maintain(minute(300))
  return { directory, lines: printAll(store.series) }
}

/** Opens a damaged copy and uses it; returns what it said. */
async function survives(directory: string) {
  const log = listeningLog()
  await using store = await open(directory, { log })
  const lines = printAll(store.series)
  const facts = [...store.facts('problem'), ...store.facts('cursor')]
  store.record([problem('new'), cursor('lake', 'new')], minute(400))
  store.series.append('s', [gauge('a', { table: 't' }, 1)], timestamp(START + 400 * MINUTE))
  await store.maintain(minute(600))

  expect(store.facts('problem', { id: 'new' })).toEqual([problem('new')])
  expect(printAll(store.series, minute(400), minute(400))).toContain('a{table="t"} 24000:1')
  return { said: log.said, lines, facts, quarantined: store.stats.quarantined }
}

/** `RUNS=1000 npx vitest run test/store/damage.test.ts` looks deeper. */
const RUNS = Number(process.env['RUNS'] ?? 25)

test('a flipped byte or a cut anywhere never stops it, and no wrong value is given', async () => {
  const { directory, lines } = await filled()
  const points = new Set(
    lines.flatMap((line) =>
      line
        .split(' ')
        .slice(1)
        .map((point) => `${line.split(' ')[0]} ${point}`),
    ),
  )
  const damage = fc.record({
    file: fc.constantFrom('state.db', 'metrics.db'),
    at: fc.double({ min: 0, max: 0.999999, noNaN: true }),
    how: fc.constantFrom('flip' as const, 'cut' as const),
    byte: fc.integer({ min: 1, max: 255 }),
  })
  await fc.assert(
    fc.asyncProperty(damage, async ({ file, at, how, byte }) => {
      const copy = tempDirectory()
      fs.cpSync(directory, copy, { recursive: true })
      const bytes = fs.readFileSync(path.join(copy, file))
      const offset = Math.floor(at * bytes.length)
      bytes[offset]! ^= byte
      fs.writeFileSync(path.join(copy, file), how === 'cut' ? bytes.subarray(0, offset) : bytes)

      const after = await survives(copy)
      const given = after.lines.flatMap((line) =>
        line
          .split(' ')
          .slice(1)
          .filter((point) => point !== '')
          .map((point) => `${line.split(' ')[0]} ${point}`),
      )
      expect(given.filter((point) => !points.has(point))).toEqual([])
      fs.rmSync(copy, { recursive: true })
    }),
    { numRuns: RUNS },
  )
}, 120_000)

test('appends that are missing on disk leave a gap, nothing else', async () => {
  const { directory, lines } = await filled()
  const database = new DatabaseSync(path.join(directory, 'metrics.db'))
  const { n } = database.prepare('SELECT count(*) AS n FROM ticks').get() as { n: number }
  expect(n).toBeGreaterThan(50)
  database.exec(
    'DELETE FROM tick_bodies WHERE tick IN (SELECT id FROM ticks WHERE base IS NOT NULL ORDER BY id DESC LIMIT 10)',
  )
  database.close()

  const { said, lines: after } = await survives(directory)
  const count = (all: readonly string[]) => all.join(' ').split(' ').length
  expect(said).toEqual([])
  expect(count(lines) - count(after)).toBeGreaterThanOrEqual(30)
  expect(count(lines) - count(after)).toBeLessThanOrEqual(40)
})

test('damage that is met while running is looked for at the next start', async () => {
  const { directory } = await filled()
  fs.writeFileSync(path.join(directory, 'state.db.suspect'), '')
  const { quarantined } = await survives(directory)

  expect(quarantined).toEqual([])
  expect(fs.readdirSync(directory)).not.toContain('state.db.suspect')
})
