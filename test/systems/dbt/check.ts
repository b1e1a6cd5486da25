// dbt for real: builds, tests and checks freshness; its artifacts and OpenLineage events give what really happened.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { dbt } from '../../../src/collectors/dbt/dbt.ts'
import { DAY, timestamp } from '../../../src/model/units.ts'
import { connect, poll } from '../../collectors/connect.ts'
import { memory } from '../../ledger/memory.ts'
import { command, scratch } from '../process.ts'
import { receiver } from '../receiver.ts'
import { spawn } from 'node:child_process'

const bin = process.argv[2]!
const here = import.meta.dirname
const out = scratch('dbt')
command(path.join(here, 'record.sh'), [bin, out], {})

const known = memory()
known.take(await poll(connect(dbt, { path: out }), { now: timestamp(Date.now() + DAY) }))
const runs = known.facts('run').toSorted((a, b) => a.at - b.at)
assert.deepEqual(
  runs.map((run) => [run.pipeline, run.state]),
  [
    ['shop.seed', 'success'],
    ['shop.build', 'error'],
    ['shop.freshness', 'failure'],
    ['shop.run', 'success'],
  ],
)
for (const folder of ['1-seed', '2-build', '4-run-select']) {
  const results = JSON.parse(fs.readFileSync(path.join(out, folder, 'run_results.json'), 'utf8')) as {
    metadata: { invocation_id: string; invocation_started_at: string; generated_at: string }
    results: Array<{ unique_id: string; execution_time: number }>
  }
  const run = runs.find((one) => one.runId === results.metadata.invocation_id)!
  assert.ok(Math.abs(run.startedAt! - Date.parse(results.metadata.invocation_started_at)) < 1_000)
  assert.ok(Math.abs(run.endedAt! - Date.parse(results.metadata.generated_at)) < 1_000)
  const models = results.results.filter((one) => !one.unique_id.startsWith('test.'))
  assert.equal(run.tasks.length, models.length)
  for (const { unique_id, execution_time } of models) {
    const task = run.tasks.find((one) => one.name === unique_id.split('.').slice(2).join('.'))!
    if (task.startedAt === null) continue
    assert.ok(Math.abs((task.endedAt! - task.startedAt) / 1_000 - execution_time) < 1, task.name)
  }
}
assert.equal(runs[0]!.tasks[0]!.processed, 3)
assert.deepEqual(
  known
    .facts('check')
    .map((check) => `${check.dataset} ${check.type} ${check.result}`)
    .toSorted(),
  [
    'shop.main.raw_orders freshness fail',
    'shop.main.revenue not_null fail',
    'shop.main.revenue sql pass',
    'shop.main.stg_orders not_null pass',
    'shop.main.stg_orders not_null warn',
    'shop.main.stg_orders unique pass',
  ],
)
assert.ok(known.one('edge', 'duckdb/shop.main.stg_orders -> job:dbt/model.shop.revenue'))

const told = await receiver()
const work = scratch('dbt-ol')
fs.cpSync(path.join(here, 'project'), work, { recursive: true })
const env = {
  SHOP_DB: path.join(work, 'shop.duckdb'),
  DBT_PROFILES_DIR: work,
  DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
  OPENLINEAGE_URL: told.url,
  OPENLINEAGE_NAMESPACE: 'dbt',
  PATH: `${bin}:${process.env['PATH']}`,
}
command(path.join(bin, 'dbt'), ['-q', 'seed', '--project-dir', work], env)
// The receiver answers from this process: the wrapper must not be waited for synchronously.
const wrapper = spawn(path.join(bin, 'dbt-ol'), ['build'], {
  cwd: work,
  env: { ...process.env, ...env },
  stdio: 'ignore',
})
await new Promise((done) => wrapper.once('close', done))
await told.close()
const [run] = told.known.facts('run')
assert.deepEqual(told.refused, [])
assert.equal(run?.state, 'failure')
assert.ok(run.tasks.some((task) => task.name.includes('stg_orders') && task.state === 'success'))
assert.ok(told.known.facts('edge').some((edge) => edge.id.endsWith('shop.main.stg_orders')))
assert.ok(told.known.facts('check').some((check) => check.type === 'not_null'))
for (const folder of [out, work]) fs.rmSync(folder, { recursive: true })
console.log(
  `dbt: ${runs.length} runs, ${known.facts('check').length} checks, ${known.facts('edge').length} edges; dbt-ol: ${run.tasks.length} tasks`,
)
