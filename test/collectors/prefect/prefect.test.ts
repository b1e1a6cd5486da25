import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { prefect } from '../../../src/collectors/prefect/prefect.ts'
import { runReport } from '../../../src/collectors/prefect/prefect-facts.ts'
import type { HttpClient } from '../../../src/io/http.ts'
import type { CursorFact, Fact } from '../../../src/model/facts.ts'
import { DAY, MINUTE, timestamp } from '../../../src/model/units.ts'
import { memory } from '../../ledger/memory.ts'
import { printLedger } from '../../ledger/print.ts'
import { NOW } from '../../model/a-table.ts'
import { connect, poll, testIo } from '../connect.ts'
import { answered, replay } from '../recorded-http.ts'

const url = 'http://prefect.test/api'
const io = (http: HttpClient) => ({ ...testIo(), http })
const cursorOf = (facts: readonly Fact[]) =>
  facts.find((fact): fact is CursorFact => fact.kind === 'cursor')!.value

test('what a real Prefect 3.8 answers', async () => {
  const http = replay(path.join(import.meta.dirname, 'prefect-3.8.json'))
  const known = memory()
  known.take(
    await poll(connect(prefect, { url }, io(http)), { now: timestamp(Date.parse('2026-11-22T16:58:00Z')) }),
  )

  await expect(printLedger(known)).toMatchFileSnapshot('golden/prefect-3.8.txt')
})

const flowRun = (id: string, change: Record<string, unknown> = {}) => ({
  id,
  flow_id: 'f1',
  state_type: 'COMPLETED',
  state_name: 'Completed',
  start_time: new Date(NOW).toISOString(),
  end_time: new Date(NOW + MINUTE).toISOString(),
  ...change,
})

/** A small Prefect: what its events name, what is open, what ended. */
function server(world: { events: string[]; open: object[]; ended: object[]; byId: object[] }) {
  const asked: string[] = []
  const http: HttpClient = async (request) => {
    const { pathname } = new URL(String(request.url))
    const body = request.body === undefined ? {} : (JSON.parse(String(request.body)) as Record<string, never>)
    const filter = JSON.stringify(body)
    asked.push(`${pathname} ${filter}`)
    const give = (value: unknown) =>
      answered(200, { 'content-type': 'application/json', date: new Date(NOW).toUTCString() }, value)
    if (pathname.endsWith('/events/filter')) {
      const events = world.events.map((id) => ({
        resource: { 'prefect.resource.id': `prefect.flow-run.${id}` },
      }))
      return give({ events, next_page: null })
    }
    if (pathname.endsWith('/flows/filter')) return give([{ id: 'f1', name: 'daily' }])
    if (pathname.endsWith('/flow_runs/filter')) {
      if (filter.includes('"next_scheduled_start_time"')) return give([])
      if (filter.includes('"end_time"')) return give(world.ended)
      return give(filter.includes('"id"') ? world.byId : world.open)
    }
    if (pathname.endsWith('/health')) return give(true)
    return give([])
  }
  return { http, asked }
}

describe('from poll to poll', () => {
  test('events say which runs to read; what they miss is read again every hour', async () => {
    const world = { events: ['a'], open: [], ended: [flowRun('b')], byId: [flowRun('a')] }
    const { http, asked } = server(world)
    const source = connect(prefect, { url }, io(http))
    const first = await poll(source)
    const second = await poll(source, { now: timestamp(NOW + MINUTE), cursor: cursorOf(first) })
    const third = await poll(source, { now: timestamp(NOW + 62 * MINUTE), cursor: cursorOf(second) })
    const runs = (facts: readonly Fact[]) =>
      facts.flatMap((fact) => (fact.kind === 'run-report' ? [fact.runId] : []))

    expect([runs(first), runs(second), runs(third)]).toEqual([['b'], ['a'], ['b', 'a']])
    expect(asked.filter((one) => one.startsWith('/api/events/filter'))).toHaveLength(2)
  })

  test('after a time away that is longer than events are kept, what ended meanwhile is read', async () => {
    const { http, asked } = server({ events: [], open: [], ended: [], byId: [] })
    const cursor = JSON.stringify({ since: NOW - 8 * DAY, reconciled: NOW - 8 * DAY })
    await poll(connect(prefect, { url }, io(http)), { cursor })

    expect(asked.some((one) => one.includes('/events/'))).toBe(false)
    expect(asked.find((one) => one.includes('"end_time"'))).toContain(
      new Date(NOW - 8 * DAY - 120 * MINUTE).toISOString(),
    )
  })

  test('a run that is set back to running is a new attempt', async () => {
    const world = {
      events: [],
      open: [] as object[],
      ended: [flowRun('a', { state_type: 'FAILED', state_name: 'Failed' })],
      byId: [],
    }
    const source = connect(prefect, { url }, io(server(world).http))
    const known = memory()
    known.take(await poll(source))
    world.open = [flowRun('a', { state_type: 'RUNNING', state_name: 'Retrying', end_time: null })]
    known.take(await poll(source, { now: timestamp(NOW + MINUTE) }))

    expect(known.one('run')).toMatchObject({ state: 'retrying', attempt: 2 })
    expect(known.one('run-tally').runs).toEqual({ failure: 1 })
  })
})

test.each([
  ['SCHEDULED', 'Late', 'pending'],
  ['SCHEDULED', 'AwaitingRetry', 'retrying'],
  ['PAUSED', 'Suspended', 'paused'],
  ['COMPLETED', 'Cached', 'success'],
  ['FAILED', 'TimedOut', 'timeout'],
  ['CRASHED', 'Crashed', 'error'],
  ['CANCELLED', 'Cancelled', 'cancelled'],
  ['DREAMING', 'Dreaming', 'unknown'],
])('a state of type %s named %s is %s', (state_type, state_name, state) => {
  const origin = {
    source: 'flows',
    namespace: 'p',
    now: NOW,
    flows: new Map([['f1', 'daily']]),
    deployments: new Map(),
  }

  expect(runReport(flowRun('a', { state_type, state_name }), origin)).toMatchObject({
    state,
    sourceState: state_name,
  })
})

test('a workspace of Prefect Cloud, which has no health page, is read with its key', async () => {
  const { http } = server({ events: [], open: [flowRun('a')], ended: [], byId: [] })
  const keys = new Set<string>()
  const cloud: HttpClient = async (request) => {
    keys.add(request.headers?.['authorization'] ?? '')
    return String(request.url).endsWith('/health') ? answered(404, {}, {}) : http(request)
  }
  const facts = await poll(connect(prefect, { url, token: 'key' }, io(cloud)))

  expect(facts.some((fact) => fact.kind === 'run-report')).toBe(true)
  expect([...keys]).toEqual(['Bearer key'])
})

test('a page that repeats ends the poll with a problem', async () => {
  const rows = Array.from({ length: 200 }, (_, i) => flowRun(String(i)))
  const { http } = server({ events: [], open: rows, ended: [], byId: [] })

  await expect(poll(connect(prefect, { url }, io(http)))).rejects.toMatchObject({
    reason: 'corrupt',
    message: expect.stringContaining('repeats'),
  })
})
