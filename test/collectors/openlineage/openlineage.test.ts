import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openlineage } from '../../../src/collectors/openlineage/openlineage.ts'
import { SourceError } from '../../../src/model/errors.ts'
import { MINUTE, timestamp } from '../../../src/model/units.ts'
import { memory } from '../../ledger/memory.ts'
import { NOW } from '../../model/a-table.ts'
import { connect, doors, knock } from '../connect.ts'

const source = connect(openlineage, {})
const at = (minutes: number) => timestamp(NOW + minutes * MINUTE)
const iso = (minutes: number) => new Date(at(minutes)).toISOString()

interface Change {
  readonly run?: object
  readonly runFacets?: object
  readonly job?: object
  readonly [field: string]: unknown
}
const event = (
  eventType: string | undefined,
  minute: number,
  { run, runFacets, job, ...rest }: Change = {},
) => ({
  eventType,
  eventTime: iso(minute),
  producer: 'https://example.com/producer',
  schemaURL: 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent',
  run: { runId: 'r1', facets: runFacets ?? {}, ...run },
  job: { namespace: 'shop', name: 'load', ...job },
  ...rest,
})
function ledger(...events: readonly unknown[]) {
  const known = memory()
  for (const one of events) known.take(knock(source, one).facts)
  return known
}
const orders = { namespace: 's3://lake', name: 'gold/orders' }

describe('run events', () => {
  test('make a run with its duration, rows, error and lineage', () => {
    const known = ledger(
      event('START', 0, { inputs: [{ namespace: 'postgres://DB:5432', name: 'Shop.Public.Orders' }] }),
      event('RUNNING', 1),
      event('FAIL', 5, {
        runFacets: {
          errorMessage: { message: 'disk full', programmingLanguage: 'JAVA', stackTrace: 'at x' },
        },
        outputs: [
          { ...orders, outputFacets: { outputStatistics: { rowCount: 10, size: 2_048, fileCount: 1 } } },
          { ...orders, name: 'gold/other', outputFacets: { outputStatistics: { rowCount: 5 } } },
        ],
      }),
    )

    expect(known.one('run')).toMatchObject({
      id: 'flows/shop/load/r1',
      pipeline: 'shop/load',
      state: 'failure',
      startedAt: at(0),
      endedAt: at(5),
      error: 'disk full',
      processed: 15,
      bytes: 2_048,
    })
    expect(known.facts('edge').map((edge) => `${edge.type} ${edge.id}`)).toEqual([
      'reads postgres://DB:5432/shop.public.orders -> job:shop/load',
      'writes job:shop/load -> s3://lake/gold/orders',
      'writes job:shop/load -> s3://lake/gold/other',
    ])
  })

  test('name the code that ran, as its job tells; an edge keeps when it was first and last told of', () => {
    const sourceCodeLocation = { type: 'git', url: 'https://example.com/shop', version: '4f1c2d9' }
    const told = (minute: number, runId: string) =>
      event('COMPLETE', minute, {
        run: { runId },
        job: { facets: { sourceCodeLocation } },
        inputs: [orders],
      })
    const known = ledger(told(180, 'r3'), told(0, 'r1'), told(60, 'r2'))

    expect(known.one('run', 'flows/shop/load/r1').labels).toEqual({ code_version: '4f1c2d9' })
    expect(known.one('edge')).toMatchObject({ firstSeen: at(0), lastSeen: at(180) })
  })

  test('of tasks are folded into the run of their parent, or of the root where it is named', () => {
    const parent = { run: { runId: 'dag1' }, job: { namespace: 'shop', name: 'daily' } }
    const root = { ...parent, root: { run: { runId: 'top' }, job: { namespace: 'shop', name: 'nightly' } } }
    const known = ledger(
      event('START', 0, { run: { runId: 't1' }, job: { name: 'daily.load' }, runFacets: { parent } }),
      event('COMPLETE', 1, { run: { runId: 't1' }, job: { name: 'daily.load' }, runFacets: { parent } }),
      event('COMPLETE', 2, { run: { runId: 'x' }, job: { name: 'spark.sql' }, runFacets: { parent: root } }),
    )

    expect(
      known.facts('run').map((run) => [run.runId, run.reported, run.tasks.map((task) => task.name)]),
    ).toEqual([
      ['dag1', false, ['load']],
      ['top', false, ['spark.sql']],
    ])
    expect(known.facts('edge').map((edge) => edge.id)).toContain('job:shop/daily.load -> job:shop/daily')
    expect(known.one('run-tally', 'flows/shop/daily').tasks['load']).toMatchObject({
      attempts: { success: 1 },
    })
  })

  test('of Airflow tasks carry their attempt and map index', () => {
    const airflow = (try_number: number, map_index: number) => ({
      airflow: {
        taskInstance: { try_number, map_index, queued_dttm: iso(-1) },
        task: { operator_class: 'Bash' },
      },
      parent: { run: { runId: 'dag1' }, job: { namespace: 'shop', name: 'daily' } },
    })
    const known = ledger(
      event('FAIL', 1, { run: { runId: 'a' }, job: { name: 'daily.load' }, runFacets: airflow(1, 0) }),
      event('COMPLETE', 2, { run: { runId: 'b' }, job: { name: 'daily.load' }, runFacets: airflow(2, 0) }),
      event('COMPLETE', 2, { run: { runId: 'c' }, job: { name: 'daily.load' }, runFacets: airflow(1, 1) }),
    )

    expect(known.one('run').tasks).toMatchObject([
      { name: 'load', state: 'success', instances: { '0': '2 success', '1': '1 success' }, type: 'Bash' },
    ])
    expect(known.one('run-tally').tasks['load']).toMatchObject({
      attempts: { failure: 1, success: 2 },
      retries: 1,
    })
  })

  test('of a streaming job that never ends is no long run', () => {
    const job = { facets: { jobType: { processingType: 'STREAMING', integration: 'FLINK' } } }

    expect(ledger(event('START', 0, { job })).one('pipeline')).toMatchObject({
      endless: true,
      system: 'flink',
    })
  })

  test.each([
    ['a time without a zone (UTC)', { eventTime: '2026-11-22T12:00:00' }],
    ['nanoseconds', { eventTime: '2026-11-22T12:00:00.000000001Z' }],
    ["a Java time with its zone's name", { eventTime: '2026-11-22T13:00:00+01:00[Europe/Berlin]' }],
    ['no schemaURL', { schemaURL: undefined }],
    ['a producer that is no URI', { producer: 'producer' }],
    ['a run id that is no UUID', { run: { runId: 'run_id' } }],
    ['datasets that are null', { inputs: null, outputs: null }],
    ['facets that are null', { run: { runId: 'r1', facets: null } }],
    ['inputs without a name', { inputs: [{ namespace: 's3://a' }, null, 7] }],
    ['a lower-case type', { eventType: 'start' }],
  ])('with %s are taken', (_, change) => {
    expect(ledger({ ...event('START', 0), ...change }).one('run')).toMatchObject({
      state: 'running',
      startedAt: NOW,
    })
  })

  test('of a type without a meaning for us are kept and counted', () => {
    expect(ledger(event('DREAM', 0)).one('run-tally')).toMatchObject({ unknownStates: 1 })
    expect(ledger(event(undefined, 0)).one('run')).toMatchObject({ state: 'pending' })
  })

  test('a deleted facet is none', () => {
    const runFacets = { errorMessage: { message: 'old', _deleted: true } }

    expect(ledger(event('FAIL', 0, { runFacets })).one('run').error).toBeNull()
  })
})

test('data-quality facets are checks of their dataset, counted once however often the event comes', () => {
  const assertions = [
    { assertion: 'not_null', success: true, column: 'id' },
    { assertion: 'row_count', success: false, severity: 'warn', expected: '10', actual: '3' },
    { assertion: 'unique', success: false, name: 'ids are unique' },
  ]
  const complete = event('COMPLETE', 1, {
    inputs: [{ ...orders, inputFacets: { dataQualityAssertions: { assertions } } }],
    runFacets: { test: { tests: [{ name: 'no_orphans', status: 'skip', type: 'sql' }] } },
  })

  const known = ledger(complete, complete)

  expect(known.facts('check').map(({ check, result, severity }) => [check, result, severity])).toEqual([
    ['not_null(id)', 'pass', 'error'],
    ['row_count', 'warn', 'warn'],
    ['ids are unique', 'fail', 'error'],
    ['no_orphans', 'skip', 'error'],
  ])
  expect(Object.values(known.one('check-tally').counts)).toEqual([1, 1, 1, 1])
})

test('job and dataset events tell lineage and other names', () => {
  const symlinks = { identifiers: [{ namespace: 'hive://ms:9083', name: 'Shop.Orders', type: 'TABLE' }] }
  const known = ledger(
    { eventTime: iso(0), job: { namespace: 'shop', name: 'load' }, outputs: [orders] },
    { eventTime: iso(0), dataset: { ...orders, facets: { symlinks } } },
  )

  expect(known.facts('edge').map((edge) => edge.id)).toEqual(['job:shop/load -> s3://lake/gold/orders'])
  expect(known.facts('alias').map((alias) => alias.id)).toEqual([
    'hive://ms:9083/shop.orders = s3://lake/gold/orders',
  ])
})

test('a column that came from another dataset says that it was read', () => {
  const fields = {
    id: { inputFields: [{ namespace: 's3a://lake', name: '/raw/orders/day=1', field: 'id' }] },
  }
  const known = ledger(
    event('COMPLETE', 0, { outputs: [{ ...orders, facets: { columnLineage: { fields } } }] }),
  )

  expect(known.facts('edge').map((edge) => edge.id)).toContain('s3://lake/raw/orders -> job:shop/load')
})

describe('what is refused', () => {
  test.each<[string, unknown, RegExp]>([
    ['no object', 'event', /JSON object/],
    ['no run, job or dataset', { eventTime: iso(0) }, /run and job, or job, or dataset/],
    ['no run id', { ...event('START', 0), run: {} }, /run\.runId/],
    ['no job name', event('START', 0, { job: { name: '' } }), /job\.name/],
    ['no time', { ...event('START', 0), eventTime: 'noon' }, /eventTime/],
  ])('%s', (_, body, message) => {
    expect(() => knock(source, body)).toThrow(message)
    expect(() => knock(source, body)).toThrow(SourceError)
  })

  test('in a batch: the bad events are named, the good ones taken, none worth a retry', () => {
    const { status, answer, facts, refused } = doors(source)[1]!.accept([event('START', 0), { run: {} }], NOW)

    expect(status).toBe(200)
    expect(answer).toMatchObject({
      status: 'partial_success',
      summary: { received: 2, successful: 1, failed: 1, retriable: 0, non_retriable: 1 },
      failed_events: [{ index: 1, retriable: false }],
    })
    expect(facts).toHaveLength(1)
    expect(refused).toHaveLength(1)
  })

  test('whatever comes, only typed errors come out, and what is taken settles', () => {
    const odd = fc.oneof(fc.anything(), fc.constant({}), fc.constant([{}]))
    const holder = fc.record({ runId: odd, namespace: odd, name: odd, facets: odd }, { requiredKeys: [] })
    const events = fc.record(
      {
        eventTime: fc.constant(iso(0)),
        eventType: fc.oneof(fc.constantFrom('START', 'COMPLETE', '__proto__'), odd),
        run: fc.oneof(
          holder,
          fc.constant({ runId: 'r', facets: { parent: { run: 1, job: [] }, airflow: 3 } }),
        ),
        job: fc.oneof(holder, fc.constant({ namespace: 'a', name: 'b' })),
        inputs: fc.oneof(odd, fc.array(holder)),
        outputs: fc.oneof(odd, fc.array(holder)),
        dataset: holder,
      },
      { requiredKeys: ['eventTime'] },
    )
    fc.assert(
      fc.property(events, (body) => {
        try {
          memory().take(knock(source, JSON.parse(JSON.stringify(body))).facts)
        } catch (error) {
          expect(error).toBeInstanceOf(SourceError)
        }
      }),
    )
  })
})
