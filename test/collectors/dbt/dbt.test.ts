import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { dbt } from '../../../src/collectors/dbt/dbt.ts'
import { readManifest } from '../../../src/collectors/dbt/manifest.ts'
import type { JsonObject } from '../../../src/formats/json.ts'
import { DAY, timestamp } from '../../../src/model/units.ts'
import { memory } from '../../ledger/memory.ts'
import { printLedger } from '../../ledger/print.ts'
import { connect, poll } from '../connect.ts'

const recorded = path.join(import.meta.dirname, 'recorded')
const NOW = timestamp(Date.now() + DAY)
let folder: string
beforeEach(() => void (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'dbt-'))))
afterEach(() => fs.rmSync(folder, { recursive: true }))

/** Puts what one invocation left behind into the folder, as dbt does: over what was there. */
function leave(invocation: string, only = /./): void {
  for (const file of fs.readdirSync(path.join(recorded, invocation)).filter((name) => only.test(name))) {
    fs.copyFileSync(path.join(recorded, invocation, file), path.join(folder, file))
  }
}

test('what a real project leaves behind, one folder per invocation', async () => {
  const known = memory()
  known.take(await poll(connect(dbt, { path: recorded, namespace: 'postgres://db:5432' }), { now: NOW }))

  await expect(printLedger(known)).toMatchFileSnapshot('golden/shop.txt')
})

describe('one target folder', () => {
  test('is read again when it changes, and not otherwise; a restart counts nothing twice', async () => {
    const known = memory()
    const source = connect(dbt, { path: folder })
    leave('1-seed')
    known.take(await poll(source, { now: NOW }))

    expect(await poll(source, { now: NOW })).toEqual([])

    leave('2-build')
    known.take(await poll(source, { now: NOW }))
    known.take(await poll(connect(dbt, { path: folder }), { now: NOW }))

    expect(known.facts('run').map((run) => run.pipeline)).toEqual(['shop.seed', 'shop.build'])
    expect(known.facts('run-tally').map((tally) => tally.runs)).toEqual([{ success: 1 }, { error: 1 }])
  })

  test('whose results were overwritten before they were seen is said to have lost them, not invented', async () => {
    const source = connect(dbt, { path: folder })
    leave('1-seed')
    await poll(source, { now: NOW })
    leave('2-build', /manifest/)
    await poll(source, { now: NOW })
    leave('4-run-select')
    const facts = await poll(source, { now: NOW })

    expect(facts.filter((fact) => fact.kind === 'problem')).toMatchObject([
      { reason: 'gap', subject: 'run_results.json', message: expect.stringContaining('01f1b288') },
    ])
    expect((await poll(source, { now: NOW })).filter((fact) => fact.kind === 'problem')).toEqual([])
  })

  test('without a manifest still gives runs, tasks and checks', async () => {
    leave('2-build', /run_results/)
    const known = memory()
    known.take(await poll(connect(dbt, { path: folder }), { now: NOW }))

    expect(known.one('run')).toMatchObject({ pipeline: 'shop.build', state: 'error' })
    expect(known.facts('check')).toHaveLength(5)
    expect(known.facts('edge')).toEqual([])
  })

  test('with a file in the middle of being written waits; with a damaged one says so until it changes', async () => {
    const source = connect(dbt, { path: folder })
    fs.writeFileSync(path.join(folder, 'run_results.json'), '{"metadata": {')

    expect(await poll(source, { now: timestamp(Date.now()) })).toEqual([])

    const problems = [await poll(source, { now: NOW }), await poll(source, { now: NOW })]
    expect(problems).toMatchObject([
      [{ kind: 'problem', reason: 'corrupt', subject: 'run_results.json' }],
      [{ kind: 'problem' }],
    ])

    leave('2-build')
    expect((await poll(source, { now: NOW })).filter((fact) => fact.kind === 'problem')).toEqual([])
  })
})

test('a folder that is not there is a typed problem of the source', async () => {
  await expect(poll(connect(dbt, { path: path.join(folder, 'gone') }), { now: NOW })).rejects.toMatchObject({
    reason: 'unreachable',
  })
})

test('whatever a manifest holds, it is read without a crash', () => {
  const naming = { source: 'dbt', namespace: null, jobNamespace: 'dbt' }
  const odd = fc.oneof(
    fc.anything(),
    fc.constant({ a: { resource_type: 'model', depends_on: { nodes: [1] } } }),
  )
  fc.assert(
    fc.property(fc.record({ metadata: odd, nodes: odd, sources: odd, exposures: odd }), (manifest) => {
      const json = JSON.parse(JSON.stringify(manifest)) as JsonObject
      expect(readManifest(json, naming).project).not.toBe('')
    }),
  )
})
