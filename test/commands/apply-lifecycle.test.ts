// Rules are put onto the document that was looked at, or not at all.
import fs from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { adviseAll, loadPrices } from '../../src/advisors/advisors.ts'
import { applyLifecycle } from '../../src/commands/apply-lifecycle.ts'
import type { AdviceFact } from '../../src/model/advice.ts'
import { DAY, GIB, bytes, timestamp } from '../../src/model/units.ts'
import { factView } from '../advisors/fact-view.ts'
import { aBucket } from '../advisors/worlds.ts'
import { NOW } from '../model/a-table.ts'

const rule = (id: string): string =>
  `<Rule><ID>${id}</ID><Status>Enabled</Status><Filter><Prefix>${id}/</Prefix></Filter><Expiration><Days>9</Days></Expiration></Rule>`
const uploads =
  '<Rule><ID>tidemark-abort-uploads</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter><AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>'

/** What GET ?lifecycle answers, one after the other; the last for ever. */
let answers: string[] = []
let put: string[] = []
let server: http.Server
let folder: string

beforeEach(async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIATEST')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret')
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-apply-'))
  put = []
  server = http.createServer((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => (body += part.toString()))
    request.on('end', () => {
      if (request.method === 'PUT') {
        put.push(body)
        response.end()
        return
      }
      const rules = answers.length > 1 ? answers.shift()! : answers[0]!
      response.setHeader('content-type', 'application/xml')
      response.end(
        `<?xml version="1.0"?><LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${rules}</LifecycleConfiguration>`,
      )
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  fs.rmSync(folder, { recursive: true })
  await new Promise((done) => server.close(done))
})

const apply = async () => {
  const bucket = aBucket({
    lifecycle: [],
    lifecycleDocument: '{"Rules":[]}',
    unfinishedUploads: { count: 9, oldest: timestamp(NOW - 60 * DAY), bytes: bytes(2_000 * GIB) },
  })
  const { facts } = adviseAll(factView([bucket]), loadPrices(), NOW)
  const fact = facts.find(
    (one): one is AdviceFact => one.kind === 'advice' && one.advice.topic === 'abort-uploads',
  )!
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const options = { dryRun: false, yes: true, region: 'us-east-1', endpoint, rollback: folder }
  return applyLifecycle(fact, [], options, () => undefined)
}

test('rules that somebody adds while files are tried are not overwritten', async () => {
  answers = [rule('a'), rule('a') + rule('b')]
  await expect(apply()).rejects.toThrow(/changed meanwhile/)
  expect(put).toEqual([])
})

test('what is undone by what was there is put beside it', async () => {
  answers = [rule('a'), rule('a'), rule('a') + uploads]
  expect((await apply())?.rollback).toContain('put-bucket-lifecycle-configuration')
  expect(put).toHaveLength(1)
  expect(put[0]).toContain('<ID>a</ID>')
})
