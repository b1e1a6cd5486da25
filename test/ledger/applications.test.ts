// Executions of applications as counters: each once, whatever is read again, and bounded whatever the names.
import { expect, test } from 'vitest'
import { applicationSamples } from '../../src/catalogue/applications.ts'
import { DAY, MINUTE, bytes, millis, timestamp } from '../../src/model/units.ts'
import { NOW } from '../model/a-table.ts'
import { anApplication } from '../model/an-application.ts'
import { memory } from './memory.ts'

test('executions add up once, a growing log by what it told since', () => {
  const known = memory()
  const half = anApplication({
    appId: 'app-2',
    endedAt: null,
    tasks: 1_000,
    taskTime: millis(100 * MINUTE),
    executors: { coreTime: millis(1_200 * MINUTE) },
  })
  known.take([anApplication(), half])
  known.take([anApplication(), half])
  known.take([anApplication({ appId: 'app-2', at: timestamp(NOW + MINUTE) })])

  expect(known.facts('application').map(({ id, tasks }) => [id, tasks])).toEqual([
    ['logs/app-1', 4_000],
    ['logs/app-2', 4_000],
  ])
  expect(known.one('application-tally')).toMatchObject({
    id: 'logs/nightly orders',
    executions: 2,
    tasks: 8_000,
    coreTime: 4_800 * MINUTE,
    taskTime: 800 * MINUTE,
    last: { id: 'logs/app-2', at: NOW + MINUTE },
  })
})

test('an execution as old as those that were forgotten is kept and not counted again', () => {
  const known = memory()
  known.take([anApplication()])
  known.take([anApplication({ appId: 'app-0', at: timestamp(NOW - 31 * DAY) })])

  expect(known.facts('application')).toHaveLength(2)
  expect(known.one('application-tally').executions).toBe(1)
})

test('names beyond the limit are counted together', () => {
  const known = memory()
  const many = Array.from({ length: 510 }, (_, i) =>
    anApplication({ appId: `app-${i}`, application: `job ${i}` }),
  )
  known.take(many.slice(0, 300))
  known.take(many.slice(300))

  expect(known.facts('application-tally')).toHaveLength(501)
  expect(known.one('application-tally', 'logs/(other)')).toMatchObject({
    application: '(other)',
    executions: 10,
  })
})

test('as series', () => {
  const known = memory()
  known.take([
    anApplication({
      tasksFailed: 40,
      gcShare: null,
      volume: { ...anApplication().volume, diskSpilled: bytes(5) },
    }),
  ])
  const lines = applicationSamples(known, NOW).map(
    ({ name, labels, value }) =>
      `${name}{${Object.entries(labels)
        .map(([label, text]) => `${label}="${text}"`)
        .join(',')}} ${value}`,
  )

  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "tidemark_application_executions_total{source="logs",application="nightly orders"} 1
    tidemark_application_core_seconds_total{source="logs",application="nightly orders"} 144000
    tidemark_application_task_seconds_total{source="logs",application="nightly orders"} 24000
    tidemark_application_tasks_total{source="logs",application="nightly orders",result="success"} 3960
    tidemark_application_tasks_total{source="logs",application="nightly orders",result="failure"} 40
    tidemark_application_spilled_bytes_total{source="logs",application="nightly orders"} 5
    tidemark_application_last_end_timestamp_seconds{source="logs",application="nightly orders"} 1795348800
    tidemark_application_last_duration_seconds{source="logs",application="nightly orders"} 3600
    tidemark_application_last_core_seconds{source="logs",application="nightly orders"} 144000
    tidemark_application_last_cores{source="logs",application="nightly orders"} 40
    tidemark_application_last_slot_utilisation_ratio{source="logs",application="nightly orders"} 0.16666666666666666
    tidemark_application_last_cpu_ratio{source="logs",application="nightly orders"} 0.8
    tidemark_application_last_spill_ratio{source="logs",application="nightly orders"} 0
    tidemark_application_last_driver_ratio{source="logs",application="nightly orders"} 0.1
    tidemark_application_last_executor_memory_bytes{source="logs",application="nightly orders"} 10737418240"
  `)
  expect(applicationSamples(known, timestamp(NOW + 60 * DAY))).toEqual([])
})
