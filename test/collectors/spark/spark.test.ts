// The event logs of a folder as facts: each finished log once, running ones now and then, broken ones said.
import { zstdCompressSync } from 'node:zlib'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { spark } from '../../../src/collectors/spark/spark.ts'
import { printLooks, readLooks } from '../../../src/collectors/spark/log-folder.ts'
import type { Fact } from '../../../src/model/facts.ts'
import { HOUR, plus } from '../../../src/model/units.ts'
import { AN_APPLICATION, logText } from '../../formats/spark/a-log.ts'
import { type MemoryObjects, memoryObjects } from '../../memory-objects.ts'
import { NOW } from '../../model/a-table.ts'
import { connect, poll, testIo } from '../connect.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) fs.rmSync(folder, { recursive: true })
})

function aFolder(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'spark-'))
  folders.push(folder)
  for (const [name, content] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    fs.writeFileSync(path.join(folder, name), content)
  }
  return folder
}

const applicationsOf = (facts: readonly Fact[]) => facts.filter((fact) => fact.kind === 'application')
const problemsOf = (facts: readonly Fact[]) => facts.filter((fact) => fact.kind === 'problem')
const cursorOf = (facts: readonly Fact[]) => facts.findLast((fact) => fact.kind === 'cursor')?.value

/** The source on logs in memory, with what it asked for. */
function inMemory(config: object = {}): {
  readonly objects: MemoryObjects
  readonly source: ReturnType<typeof connect>
  readonly again: () => ReturnType<typeof connect>
} {
  const objects = memoryObjects('s3://logs')
  const io = { ...testIo(), objects: () => objects.store }
  const again = () => connect(spark, { path: 's3://logs', ...config }, io)
  return { objects, source: again(), again }
}

test('an application as a fact', async () => {
  const folder = aFolder({ 'app-1': logText({ ...AN_APPLICATION, name: 'orders 2026-03-01' }) })
  const config = { path: folder, platform: 'emr', deadlines: { 'orders *': '45m' } } as const
  const [fact] = applicationsOf(await poll(connect(spark, config)))

  await expect(`${JSON.stringify(fact, null, 2)}\n`).toMatchFileSnapshot('golden/application.json')
})

test('every kind of log, in folders below as well, or one file alone', async () => {
  const rolling = (id: string, text: string): Record<string, string | Uint8Array> => {
    const cut = text.indexOf('\n', text.length / 2) + 1
    const folder = `spark/eventlog_v2_${id}`
    return {
      [`${folder}/appstatus_${id}`]: '',
      [`${folder}/events_1_${id}.zstd`]: zstdCompressSync(text.slice(0, cut)),
      [`${folder}/events_2_${id}.zstd`]: zstdCompressSync(text.slice(cut)),
    }
  }
  const folder = aFolder({
    'app-1': logText({ ...AN_APPLICATION, id: 'app-1' }),
    'spark/app-2.zstd': zstdCompressSync(logText({ ...AN_APPLICATION, id: 'app-2' })),
    ...rolling('app-3', logText({ ...AN_APPLICATION, id: 'app-3' })),
  })
  const all = await poll(connect(spark, { path: folder }))
  const one = await poll(connect(spark, { path: path.join(folder, 'spark/app-2.zstd') }))

  expect(applicationsOf(all).map(({ appId, tasks, partial }) => [appId, tasks, partial])).toEqual([
    ['app-1', 44, []],
    ['app-2', 44, []],
    ['app-3', 44, []],
  ])
  expect(problemsOf(all)).toEqual([])
  expect(applicationsOf(one).map(({ appId }) => appId)).toEqual(['app-2'])
})

test('a finished log is read once, also across restarts, and again when it changes', async () => {
  const { objects, source, again } = inMemory()
  objects.put('app-1', logText({ id: 'app-1' }))
  objects.put('app-2', logText({ id: 'app-2' }))
  const first = await poll(source)
  expect(applicationsOf(first)).toHaveLength(2)
  expect(objects.requests()).toEqual(['list ', 'get app-1', 'get app-2'])

  await poll(source)
  const restarted = again()
  await poll(restarted, { cursor: cursorOf(first)! })
  expect(objects.requests()).toEqual(['list ', 'list '])

  objects.put('app-2', logText({ id: 'app-2', end: 90_000 }))
  objects.put('app-3', logText({ id: 'app-3' }))
  const changed = await poll(restarted, { cursor: cursorOf(first)! })
  expect(applicationsOf(changed).map(({ appId }) => appId)).toEqual(['app-2', 'app-3'])
  await poll(again(), { cursor: cursorOf(changed)! })
  expect(objects.requests()).toEqual(['list ', 'get app-2', 'get app-3', 'list '])
})

test('a log that is being written is read when it is new, has doubled, or was left alone', async () => {
  const { objects, source } = inMemory()
  const text = logText({ ...AN_APPLICATION, id: 'app-1' })
  const upTo = (share: number) => text.slice(0, Math.floor(text.length * share))
  const put = (share: number) => objects.put('app-1.inprogress', upTo(share), NOW)
  const seen: unknown[] = []
  const look = async (now = NOW) => {
    const facts = await poll(source, { now })
    seen.push(
      applicationsOf(facts).map(({ tasks, endedAt, partial }) => [tasks, endedAt !== null, partial.length]),
    )
    expect(problemsOf(facts)).toEqual([])
  }
  put(0.01)
  await look()
  put(0.4)
  await look()
  put(0.5)
  await look()
  put(0.9)
  await look()
  put(0.95)
  await look()
  await look(plus(NOW, (HOUR * 2) as never))
  objects.remove('app-1.inprogress')
  objects.put('app-1', text, NOW)
  await look()

  expect(seen).toEqual([
    [[0, false, 1]],
    [[16, false, 2]],
    [],
    [[39, false, 2]],
    [],
    [[42, false, 2]],
    [[44, true, 0]],
  ])
})

test('broken logs are said until they are gone, and stop nothing', async () => {
  const { objects, source, again } = inMemory()
  objects.put('a-note.txt', 'to do: delete these')
  objects.put(
    'app-0',
    Buffer.concat([zstdCompressSync(logText({ id: 'app-0', end: null })), Buffer.from('junk!')]),
  )
  objects.put('app-1', logText({ id: 'app-1' }))
  objects.put('app-2', logText({ id: 'app-2' }))
  objects.fault('app-2', { kind: 'fail', reason: 'denied' })
  const first = await poll(source)
  const said = (facts: readonly Fact[]) =>
    problemsOf(facts).map(({ subject, reason }) => `${subject} ${reason}`)

  expect(applicationsOf(first).map(({ appId }) => appId)).toEqual(['app-0', 'app-1'])
  expect(said(first)).toEqual(['a-note.txt corrupt', 'app-0 corrupt', 'app-2 denied'])
  expect(problemsOf(first)[0]!.message).toBe(
    's3://logs/a-note.txt is no Spark event log: it starts "to do: delete these"',
  )
  expect(said(await poll(source))).toEqual(said(first))
  // A restart looks at them again: what is broken is still said.
  expect(said(await poll(again(), { cursor: cursorOf(first)! }))).toEqual(said(first))

  objects.remove('a-note.txt')
  objects.fault('app-2', null)
  const later = await poll(source)
  expect(applicationsOf(later).map(({ appId }) => appId)).toEqual(['app-2'])
  expect(said(later)).toEqual(['app-0 corrupt'])
})

test('a log that is renamed while it is looked at is no problem', async () => {
  const { objects, source } = inMemory()
  objects.put('app-1.inprogress', logText({ id: 'app-1' }))
  objects.fault('app-1.inprogress', { kind: 'vanish' })

  expect(await poll(source)).toEqual([expect.objectContaining({ kind: 'cursor' })])
})

test('a folder that is not there is a failed poll', async () => {
  const missing = path.join(aFolder({}), 'nowhere')
  await expect(poll(connect(spark, { path: missing }))).rejects.toThrow('is not there')
})

test('cursors read back', () => {
  const looks = ['aaaaaaaaaaaa', 'bbbbbbbbbbbb']
  expect([...readLooks(printLooks(looks))]).toEqual(looks)
  expect([...readLooks(undefined)]).toEqual([])
})
