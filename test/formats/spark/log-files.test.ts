// Which files make up one log.
import { expect, test } from 'vitest'
import { logFilesOf } from '../../../src/formats/spark/log-files.ts'

test('single files, with and without codec, and one still written', () => {
  expect(logFilesOf(['app-2', 'app-1.zstd', 'x/app-3.inprogress', '.app-1.crc', '_SUCCESS'])).toEqual([
    { name: 'app-1.zstd', parts: ['app-1.zstd'], inProgress: false, doubts: [] },
    { name: 'app-2', parts: ['app-2'], inProgress: false, doubts: [] },
    { name: 'x/app-3.inprogress', parts: ['x/app-3.inprogress'], inProgress: true, doubts: [] },
  ])
})

test('parts of a rolling log in the order of their numbers', () => {
  const folder = 'eventlog_v2_app-1'
  const files = ['appstatus_app-1', 'events_10_app-1.zstd', 'events_2_app-1.zstd', 'events_1_app-1.zstd']
  const [log] = logFilesOf([...files.map((file) => `${folder}/${file}`), `${folder}/.appstatus_app-1.crc`])

  expect(log).toEqual({
    name: folder,
    parts: ['events_1_app-1.zstd', 'events_2_app-1.zstd', 'events_10_app-1.zstd'].map(
      (f) => `${folder}/${f}`,
    ),
    inProgress: false,
    doubts: ['parts 3 to 9 of the log are missing'],
  })
})

test('a compacted part stands for all before it, and what it dropped is said', () => {
  const files = ['events_1_a', 'events_2_a', 'events_2_a.compact', 'events_3_a', 'appstatus_a.inprogress']
  const [log] = logFilesOf(files.map((file) => `logs/eventlog_v2_a/${file}`))

  expect(log).toEqual({
    name: 'logs/eventlog_v2_a',
    parts: ['logs/eventlog_v2_a/events_2_a.compact', 'logs/eventlog_v2_a/events_3_a'],
    inProgress: true,
    doubts: ['Spark compacted the log up to part 2: tasks of finished jobs are not in it'],
  })
})

test('a rolling log whose first parts were deleted', () => {
  const [log] = logFilesOf(['eventlog_v2_a/events_3_a'])

  expect(log?.doubts).toEqual(['parts 1 to 2 of the log are missing'])
})

test("Databricks' hourly files and the one it writes", () => {
  const files = ['eventlog', 'eventlog-2026-03-01--01-00.gz', 'eventlog-2026-03-01--00-00.gz']
  const [log] = logFilesOf(files.map((file) => `c/${file}`))

  expect(log).toEqual({
    name: 'c/eventlog',
    parts: ['c/eventlog-2026-03-01--00-00.gz', 'c/eventlog-2026-03-01--01-00.gz', 'c/eventlog'],
    inProgress: false,
    doubts: [],
  })
})
