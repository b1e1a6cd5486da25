// Airflow for real: DAGs that succeed, fail, retry, map, run long and are cleared, read by polls while they run; its
// OpenLineage provider sends to our receiver at the same time.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { airflow } from '../../../src/collectors/airflow/airflow.ts'
import { systemClock } from '../../../src/io/clock.ts'
import { connect, poll } from '../../collectors/connect.ts'
import { memory } from '../../ledger/memory.ts'
import { printLedger } from '../../ledger/print.ts'
import { scratch, server, until } from '../process.ts'
import { receiver } from '../receiver.ts'

const bin = process.argv[2]!
const home = scratch('airflow')
const url = 'http://127.0.0.1:18080'
const told = await receiver()
const env = {
  AIRFLOW_HOME: home,
  AIRFLOW__CORE__DAGS_FOLDER: path.join(import.meta.dirname, 'dags'),
  AIRFLOW__CORE__LOAD_EXAMPLES: 'False',
  // Two cores run two tasks: more of them only time out.
  AIRFLOW__CORE__PARALLELISM: '2',
  AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS: 'tidemark:viewer,admin:admin',
  AIRFLOW__CORE__EXECUTION_API_SERVER_URL: `${url}/execution/`,
  AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT: '60',
  AIRFLOW__API__HOST: '127.0.0.1',
  AIRFLOW__API__PORT: '18080',
  AIRFLOW__API__BASE_URL: url,
  AIRFLOW__API__WORKERS: '1',
  AIRFLOW__OPENLINEAGE__TRANSPORT: JSON.stringify({ type: 'http', url: told.url }),
  AIRFLOW__OPENLINEAGE__NAMESPACE: 'default',
  PYTHONDONTWRITEBYTECODE: '1',
  PATH: `${bin}:${process.env['PATH']}`,
}

type Row = Record<string, unknown>
async function call(method: string, where: string, body?: object, token?: string): Promise<Row> {
  const answer = await fetch(`${url}${where}`, {
    method,
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (!answer.ok) throw new Error(`${method} ${where}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as Row
}

{
  await using _ = server(path.join(bin, 'airflow'), ['standalone'], env, path.join(home, 'standalone.log'))
  const passwords = path.join(home, 'simple_auth_manager_passwords.json.generated')
  await until(
    'Airflow answers',
    180,
    async () => (await fetch(`${url}/api/v2/version`)).ok && fs.existsSync(passwords),
  )
  const { admin, tidemark } = JSON.parse(fs.readFileSync(passwords, 'utf8')) as Record<string, string>
  const token = String(
    (await call('POST', '/auth/token', { username: 'admin', password: admin }))['access_token'],
  )
  const dags = ['succeeds', 'fails', 'retries', 'maps', 'long']
  await until('the DAGs are read', 120, async () => {
    for (const dag of dags) await call('PATCH', `/api/v2/dags/${dag}`, { is_paused: false }, token)
    return true
  })

  const source = connect(airflow, { url, auth: { username: 'tidemark', password: tidemark! } })
  const known = memory()
  let cursor: string | undefined
  const look = async (): Promise<void> => {
    const facts = await poll(source, { now: systemClock.now(), ...(cursor === undefined ? {} : { cursor }) })
    known.take(facts)
    cursor = facts.find((fact) => fact.kind === 'cursor')!.value
  }
  const stateOf = async (dag: string, run: string) =>
    (await call('GET', `/api/v2/dags/${dag}/dagRuns/${run}`, undefined, token))['state']
  const finished = (dag: string, run: string) =>
    until(`${run} ends`, 180, async () => {
      await look()
      return ['success', 'failed'].includes(String(await stateOf(dag, run)))
    })
  for (const dag of dags.slice(0, 4)) {
    await call('POST', `/api/v2/dags/${dag}/dagRuns`, { logical_date: null, dag_run_id: `${dag}-1` }, token)
    await finished(dag, `${dag}-1`)
  }
  await look()
  await call(
    'POST',
    '/api/v2/dags/fails/clearTaskInstances',
    { dry_run: false, dag_run_id: 'fails-1', only_failed: false, reset_dag_runs: true },
    token,
  )
  await finished('fails', 'fails-1')
  await call('POST', '/api/v2/dags/long/dagRuns', { logical_date: null, dag_run_id: 'long-1' }, token)
  await until('the long run runs', 60, async () => (await stateOf('long', 'long-1')) === 'running')
  await delay(3_000)
  await look()
  await look()

  console.log(printLedger(known))
  const tally = (dag: string) => known.one('run-tally', `flows/${dag}`)
  const rows = (await call('GET', '/api/v2/dags/~/dagRuns?limit=100', undefined, token))['dag_runs'] as Row[]
  assert.equal(known.facts('run').length, rows.length)
  for (const row of rows) {
    const run = known.one('run', `flows/${String(row['dag_id'])}/${String(row['dag_run_id'])}`)
    assert.ok(Math.abs(run.startedAt! - Date.parse(String(row['start_date']))) < 1_000)
    if (row['end_date'] !== null)
      assert.ok(Math.abs(run.endedAt! - Date.parse(row['end_date'] as string)) < 1_000)
  }
  assert.deepEqual(tally('succeeds').runs, { success: 1 })
  assert.deepEqual(tally('fails').runs, { failure: 2 })
  assert.equal(known.one('run', 'flows/fails/fails-1').attempt, 2)
  assert.deepEqual(tally('fails').tasks['breaks']?.attempts, { failure: 2 })
  assert.match(
    known.one('run', 'flows/fails/fails-1').tasks.find((task) => task.name === 'breaks')!.error!,
    /disk full/,
  )
  assert.deepEqual(tally('retries').tasks['third_time']?.attempts, { failure: 2, success: 1 })
  assert.equal(tally('retries').tasks['third_time']?.retries, 2)
  assert.deepEqual(tally('maps').tasks['each']?.attempts, { success: 4, failure: 1 })
  assert.deepEqual(tally('maps').tasks['skips']?.attempts, { skipped: 1 })
  assert.deepEqual(tally('long').active, { running: 1 })
  assert.ok(known.facts('problem').some((problem) => problem.subject.includes('broken_import.py')))
  assert.equal(known.one('pipeline', 'flows/scheduled').schedule, '0 6 * * *')

  // What the provider told at the same time: the same DAGs, tasks and results.
  await until('OpenLineage events arrive', 60, async () =>
    told.known
      .facts('run-tally')
      .some((one) => one.pipeline === 'default/succeeds' && one.runs.success === 1),
  )
  assert.deepEqual(told.refused, [])
  const heard = told.known.facts('run').find((run) => run.pipeline === 'default/succeeds')!
  assert.deepEqual(
    heard.tasks.map((task) => [task.name, task.state]),
    [
      ['first', 'success'],
      ['second', 'success'],
    ],
  )
  // Its task would go on sleeping after the servers are gone.
  await call('PATCH', '/api/v2/dags/long/dagRuns/long-1', { state: 'failed' }, token)
  await delay(10_000)
  console.log(`Airflow: ${rows.length} runs exact; OpenLineage: ${told.known.facts('run').length} runs`)
}
await told.close()
fs.rmSync(home, { recursive: true, force: true })
process.exit()
