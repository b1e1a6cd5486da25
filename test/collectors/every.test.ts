// What holds for every collector, whatever it reads.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { type Collector, defineCollector } from '../../src/collectors/collector.ts'
import { collectors } from '../../src/collectors/index.ts'
import type { HttpClient } from '../../src/io/http.ts'
import { SourceError } from '../../src/model/errors.ts'
import { MINUTE } from '../../src/model/units.ts'
import { NOW } from '../model/a-table.ts'
import { testIo } from './connect.ts'
import { answered } from './recorded-http.ts'

const folder = path.resolve(import.meta.dirname, '../../src/collectors')
const empty = fs.mkdtempSync(path.join(os.tmpdir(), 'every-'))

/** The least that each needs beside its defaults: a new collector adds its line. */
const LEAST: Readonly<Record<string, object>> = {
  airflow: { url: 'http://airflow.test' },
  cloudwatch: { endpoint: 'http://127.0.0.1:9' },
  'aws-pricing': { region: 'eu-central-1', endpoint: 'http://127.0.0.1:9' },
  bill: { path: empty },
  dbt: { path: empty },
  'great-expectations': { path: empty },
  lake: { path: empty },
  openlineage: {},
  prefect: { url: 'http://prefect.test/api' },
  push: {},
  s3: { buckets: ['company-lake'], endpoint: 'http://127.0.0.1:9' },
  soda: { path: empty },
  spark: { path: empty },
}

const hostile: ReadonlyArray<readonly [string, string]> = [
  ['nothing', 'null'],
  ['a number', '7'],
  ['an empty list', '[]'],
  ['an empty object', '{}'],
  ['a list of odd things', '[null, 7, "x", [[]], {"a": {"b": {}}}]'],
  ['prototypes', '{"__proto__": {"pipeline": "x"}, "constructor": 1}'],
  ['great depth', `${'['.repeat(5_000)}${']'.repeat(5_000)}`],
]

function connected(collector: Collector, http: HttpClient) {
  const io = {
    ...testIo(),
    http,
    random: () => 0,
    clock: { ...testIo().clock, sleep: async () => undefined },
  }
  const config = collector.Config.parse(LEAST[collector.type] ?? {}) as z.output<z.ZodObject>
  return collector.connect({ name: 'any', every: MINUTE }, config, io)
}

test('each folder is registered, and nothing else', () => {
  const folders = fs
    .readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)

  expect(collectors.map(({ type }) => type).toSorted()).toEqual(folders.toSorted())
  expect(collectors.filter(({ type }) => LEAST[type] === undefined)).toEqual([])
})

describe.each(
  collectors.map((collector) => [collector.type, defineCollector(collector as Collector)] as const),
)('%s', (type, collector) => {
  test('its config needs little, and takes no field that it does not know', () => {
    expect(collector.Config.safeParse(LEAST[type]).success).toBe(true)
    expect(collector.Config.safeParse({ ...LEAST[type], no_such_field: 1 }).success).toBe(false)
  })

  test('connecting touches no network', () => {
    let asked = 0
    connected(collector, async () => {
      asked += 1
      return answered(500, {}, {})
    })

    expect(asked).toBe(0)
  })

  test('a poll that is aborted ends', async () => {
    const ending = new AbortController()
    const source = connected(
      collector,
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
          ending.abort(new Error('it took too long'))
        }),
    )
    if (source.mode === 'push') return
    const outcome = await Array.fromAsync(
      source.poll({ now: NOW, cursor: undefined, signal: ending.signal }),
    ).then(
      () => 'ended',
      (error: unknown) => (error instanceof SourceError ? 'ended' : String(error)),
    )

    expect(['ended', 'Error: it took too long']).toContain(outcome)
  })

  test.each(hostile)('answers or bodies of %s give typed errors, never a crash', async (_, text) => {
    const http: HttpClient = async () => answered(200, { 'content-type': 'application/json' }, text)
    const source = connected(collector, http)
    try {
      if (source.mode === 'push') for (const door of source.doors) door.accept(JSON.parse(text), NOW)
      else
        await Array.fromAsync(
          source.poll({ now: NOW, cursor: 'no cursor of ours', signal: AbortSignal.timeout(1_000) }),
        )
    } catch (error) {
      expect(error).toBeInstanceOf(SourceError)
    }
  })
})
