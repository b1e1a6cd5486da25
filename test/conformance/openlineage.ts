// Real producers' events through the receiver and the ledger: all accepted, and the same picture however they come.
// Usage: npm run conformance:openlineage -- DIR   (every *.json in a folder named `events` below DIR is one event)
import fs from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { openlineage } from '../../src/collectors/openlineage/openlineage.ts'
import { explainError } from '../../src/model/errors.ts'
import type { Fact } from '../../src/model/facts.ts'
import { connect, doors } from '../collectors/connect.ts'
import { type Memory, memory } from '../ledger/memory.ts'
import { NOW } from '../model/a-table.ts'

const SHUFFLES = 50

const [directory, flag, minimum] = process.argv.slice(2)
if (directory === undefined) {
  process.stderr.write('usage: npm run conformance:openlineage -- DIR [--min-events N]\n')
  process.exit(2)
}
const files = fs
  .globSync('**/events/**/*.json', { cwd: directory })
  .toSorted()
  .map((file) => ({
    file,
    event: JSON.parse(fs.readFileSync(path.join(directory, file), 'utf8')) as unknown,
  }))
const [single, batch] = doors(connect(openlineage, {}))

const problems: string[] = []
const perEvent: Fact[][] = []
for (const { file, event } of files) {
  try {
    const { facts } = single!.accept(event, NOW)
    if (facts.length === 0) problems.push(`${file}: nothing was made of it`)
    perEvent.push([...facts])
  } catch (error) {
    problems.push(`${file}: ${explainError(error)}`)
  }
}

/** The same every time: a shuffle that finds something can be looked at again. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  let state = seed
  const random = () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648
  const result = [...items]
  for (let i = result.length - 1; i > 0; i -= 1) {
    const other = Math.floor(random() * (i + 1))
    const held = result[i]!
    result[i] = result[other]!
    result[other] = held
  }
  return result
}

function ledgerOf(batches: ReadonlyArray<readonly Fact[]>): Memory {
  const known = memory()
  for (const facts of batches) known.take(facts)
  return known
}

const once = ledgerOf(perEvent)
const expected = JSON.stringify(once.everything())
const same = (what: string, known: Memory): void => {
  if (JSON.stringify(known.everything()) !== expected) problems.push(`${what}: the ledger differs`)
}
same('replayed', ledgerOf([...perEvent, ...perEvent]))
same(
  'in one batch',
  ledgerOf([
    batch!.accept(
      files.map(({ event }) => event),
      NOW,
    ).facts as Fact[],
  ]),
)
for (let seed = 1; seed <= SHUFFLES; seed += 1) {
  same(`shuffle ${seed}`, ledgerOf(shuffled([...perEvent, ...perEvent], seed)))
}

const runs = once.facts('run')
const openRuns = runs.filter((run) => run.endedAt === null).map((run) => `${run.id} is ${run.state}`)
for (const problem of problems) process.stdout.write(`${problem}\n`)
for (const run of runs) process.stdout.write(`${run.id}: ${run.state}, ${run.tasks.length} tasks\n`)
const report = {
  events: files.length,
  accepted: perEvent.length,
  shuffles: SHUFFLES,
  pipelines: once.facts('pipeline').length,
  runs: runs.length,
  openRuns: openRuns.length,
  tasks: runs.reduce((sum, run) => sum + run.tasks.length, 0),
  edges: once.facts('edge').length,
  aliases: once.facts('alias').length,
  checks: once.facts('check').length,
  failed: problems.length,
}
process.stdout.write(`${JSON.stringify(report)}\n`)
const least = flag === '--min-events' ? Number(minimum) : 1
process.exitCode = problems.length > 0 || !(files.length >= least) ? 1 : 0
