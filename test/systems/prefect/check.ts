// Prefect for real: a server, flows that succeed, fail, retry, map, nest and time out.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { prefect } from '../../../src/collectors/prefect/prefect.ts'
import { systemClock } from '../../../src/io/clock.ts'
import { connect, poll } from '../../collectors/connect.ts'
import { memory } from '../../ledger/memory.ts'
import { command, scratch, server, until } from '../process.ts'

const bin = process.argv[2]!
const home = scratch('prefect')
const url = 'http://127.0.0.1:14200/api'
const env = {
  PREFECT_HOME: home,
  PREFECT_API_URL: url,
  PREFECT_SERVER_ANALYTICS_ENABLED: 'false',
  DO_NOT_TRACK: '1',
}
{
  await using _ = server(
    path.join(bin, 'prefect'),
    ['server', 'start', '--host', '127.0.0.1', '--port', '14200'],
    env,
    path.join(home, 'log'),
  )
  await until('Prefect answers', 90, async () => (await fetch(`${url}/health`)).ok)
  command(path.join(bin, 'python'), [path.join(import.meta.dirname, 'flows.py')], env)
  await delay(5_000)
  const source = connect(prefect, { url })
  const known = memory()
  let cursor: string | undefined
  for (let i = 0; i < 3; i += 1) {
    const facts = await poll(source, { now: systemClock.now(), ...(cursor === undefined ? {} : { cursor }) })
    known.take(facts)
    cursor = facts.find((fact) => fact.kind === 'cursor')!.value
  }
  const rows = (await (
    await fetch(`${url}/flow_runs/filter`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    })
  ).json()) as Array<{ id: string; start_time: string; end_time: string }>
  const runs = known.facts('run')
  assert.equal(runs.length, rows.length)
  for (const row of rows) {
    const run = runs.find((one) => one.runId === row.id)!
    assert.ok(Math.abs(run.startedAt! - Date.parse(row.start_time)) < 1_000)
    assert.ok(Math.abs(run.endedAt! - Date.parse(row.end_time)) < 1_000)
  }
  const tally = (name: string) => known.one('run-tally', `flows/${name}`)
  assert.deepEqual(tally('succeeds').runs, { success: 1 })
  assert.deepEqual(tally('succeeds').tasks['fine']?.attempts, { success: 3 })
  assert.deepEqual(tally('succeeds').tasks['third_time'], {
    ...tally('succeeds').tasks['third_time'],
    attempts: { failure: 2, success: 1 },
    retries: 2,
  })
  assert.deepEqual(tally('fails').runs, { failure: 1 })
  assert.deepEqual(tally('slow').runs, { timeout: 1 })
  assert.deepEqual(tally('parent').runs, { success: 1 })
  assert.match(runs.find((run) => run.pipeline === 'fails')!.error!, /disk full/)
  console.log(`Prefect: ${runs.length} runs, each exactly once after 3 polls`)
}
fs.rmSync(home, { recursive: true, force: true })
process.exit()
