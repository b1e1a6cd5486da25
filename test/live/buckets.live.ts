// Buckets in moto's S3 and CloudWatch: read, advised on, a rule applied and rolled back; nothing that was there is lost.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch'
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { adviseAll, loadPrices } from '../../src/advisors/advisors.ts'
import { s3 } from '../../src/collectors/s3/s3.ts'
import { applyLifecycle } from '../../src/commands/apply-lifecycle.ts'
import { systemClock } from '../../src/io/clock.ts'
import { type Io, createIo } from '../../src/io/io.ts'
import { createLog } from '../../src/io/log.ts'
import type { AdviceFact } from '../../src/model/advice.ts'
import type { BucketFact } from '../../src/model/bucket.ts'
import type { Fact } from '../../src/model/facts.ts'
import { DAY, GIB, HOUR, MINUTE, bytes, timestamp } from '../../src/model/units.ts'
import { factView } from '../advisors/fact-view.ts'
import { aTable } from '../model/a-table.ts'
import { type Server, pythonProgram, startServer } from './servers.ts'

const KEYS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1' }
const BUCKET = 'company-lake'
const NOW = systemClock.now()
const ASKED = timestamp(NOW - 36 * HOUR)

let moto: Server
let admin: S3Client
let io: Io
beforeAll(async () => {
  moto = await startServer(
    pythonProgram('moto_server'),
    (port) => ['-H', '127.0.0.1', '-p', String(port)],
    async (url) => (await fetch(`${url}/moto-api/data.json`)).ok,
  )
  const place = {
    endpoint: moto.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  }
  admin = new S3Client({ ...place, forcePathStyle: true })
  io = createIo({
    clock: systemClock,
    log: createLog('silent'),
    base: '/',
    environment: { ...KEYS, AWS_ENDPOINT_URL: moto.url },
  })
  for (const [name, value] of Object.entries({ ...KEYS, AWS_ENDPOINT_URL: moto.url }))
    process.env[name] = value
  await admin.send(new CreateBucketCommand({ Bucket: BUCKET }))
  await admin.send(
    new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration: { Status: 'Enabled' } }),
  )
  for (const body of ['a', 'bb', 'ccc'])
    await admin.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'gold/x', Body: body }))
  const { UploadId } = await admin.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key: 'gold/big' }))
  await admin.send(
    new UploadPartCommand({
      Bucket: BUCKET,
      Key: 'gold/big',
      UploadId,
      PartNumber: 1,
      Body: Buffer.alloc(1_000),
    }),
  )
  await admin.send(
    new PutBucketLifecycleConfigurationCommand({
      Bucket: BUCKET,
      LifecycleConfiguration: {
        Rules: [
          { ID: 'scratch', Status: 'Enabled', Filter: { Prefix: 'tmp/' }, Expiration: { Days: 3 } },
          {
            ID: 'audit',
            Status: 'Enabled',
            Filter: { And: { Prefix: 'audit/', Tags: [{ Key: 'keep', Value: 'short' }] } },
            NoncurrentVersionExpiration: { NoncurrentDays: 9 },
          },
        ],
      },
    }),
  )
  const metrics = new CloudWatchClient(place)
  for (const day of [35, 20, 2]) {
    const at = new Date(NOW - day * DAY)
    const point = (MetricName: string, StorageType: string, Value: number) => ({
      MetricName,
      Dimensions: [
        { Name: 'BucketName', Value: BUCKET },
        { Name: 'StorageType', Value: StorageType },
      ],
      Timestamp: at,
      Value,
    })
    await metrics.send(
      new PutMetricDataCommand({
        Namespace: 'AWS/S3',
        MetricData: [
          point('BucketSizeBytes', 'StandardStorage', (90 - day) * 500 * GIB),
          point('BucketSizeBytes', 'GlacierInstantRetrievalStorage', 5 * GIB),
          point('NumberOfObjects', 'AllStorageTypes', 1_000_000),
        ],
      }),
    )
  }
  metrics.destroy()
})
afterAll(async () => {
  admin.destroy()
  await moto[Symbol.asyncDispose]()
})

async function poll(): Promise<readonly Fact[]> {
  const config = s3.Config.parse({ buckets: [BUCKET, 'not-there'], versions: true })
  const source = s3.connect({ name: 's3', every: MINUTE }, config, io)
  if (source.mode !== 'poll') throw new Error('the s3 collector polls')
  // Storage metrics come late; for today moto makes up its own.
  const ask = { now: ASKED, cursor: undefined, signal: AbortSignal.timeout(30_000) }
  return Array.fromAsync(source.poll(ask))
}

test('a bucket is read: classes, rules, versions, unfinished uploads; one that is not there is a problem', async () => {
  const [bucket, problem] = await poll()
  expect(problem).toMatchObject({ kind: 'problem', subject: 'not-there' })
  expect(bucket).toMatchObject({
    kind: 'bucket',
    id: `s3://${BUCKET}`,
    region: 'us-east-1',
    bytes: { STANDARD: 44_000 * GIB, GLACIER_IR: 5 * GIB },
    bytesAMonthAgo: 27_505 * GIB,
    objects: 1_000_000,
    versioning: 'enabled',
    unfinishedUploads: { count: 1, bytes: 1_000 },
    noncurrent: { objects: 2, bytes: 3 },
    locked: false,
    replicated: false,
    access: null,
    partial: [],
  })
  const rules = (bucket as BucketFact).lifecycle!.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  expect(rules).toMatchObject([
    { id: 'audit', noncurrentExpires: 9, tags: { keep: 'short' } },
    { id: 'scratch', prefix: 'tmp/', expires: 3 },
  ])
})

test('a rule is tried, applied with what was there kept, and rolled back', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-apply-'))
  const table = aTable({ location: `s3://${BUCKET}/gold/orders` })
  const bucket: BucketFact = {
    ...((await poll())[0] as BucketFact),
    noncurrent: { objects: 40_000, bytes: bytes(5_000 * GIB) },
    unfinishedUploads: { count: 9, oldest: timestamp(ASKED - 30 * DAY), bytes: bytes(900 * GIB) },
    access: { from: 'request metrics', days: 60, gets: 0, bytesRead: bytes(0), busiestMonth: bytes(0) },
  }
  const advised = adviseAll(factView([bucket, table]), loadPrices(), ASKED).facts
  const about = (topic: string): AdviceFact =>
    advised.find((fact): fact is AdviceFact => fact.kind === 'advice' && fact.advice.topic === topic)!
  const uploads = about('abort-uploads')
  const read = () => io.buckets().lifecycle(BUCKET, AbortSignal.timeout(10_000))
  const ids = async () =>
    (JSON.parse(await read()) as { Rules: Array<{ ID: string }> }).Rules.map(({ ID }) => ID).toSorted()
  const before = await read()
  const apply = (fact: AdviceFact, options: { dryRun?: true; yes?: true }) =>
    applyLifecycle(
      fact,
      [table],
      { dryRun: false, yes: false, rollback: folder, ...options },
      () => undefined,
    )

  // A dry run and a missing --yes change nothing; what cannot be undone is refused.
  expect(await apply(uploads, { dryRun: true })).toBeNull()
  await expect(apply(uploads, {})).rejects.toThrow(/--yes/)
  await expect(apply(about('noncurrent-versions'), { yes: true })).rejects.toThrow(/cannot be undone/)
  expect(await read()).toBe(before)

  const applied = await apply(uploads, { yes: true })
  expect(await ids()).toEqual(['audit', 'scratch', 'tidemark-abort-uploads'])
  expect(applied?.rollback).toContain('put-bucket-lifecycle-configuration')
  await expect(apply(uploads, { yes: true })).rejects.toThrow(/already/)
  for (const rule of (JSON.parse(before) as { Rules: object[] }).Rules)
    expect((JSON.parse(await read()) as { Rules: object[] }).Rules).toContainEqual(rule)

  // The file that was written puts everything back.
  const file = path.join(folder, `tidemark-rollback-${BUCKET}-${uploads.id}.json`)
  await io.buckets().putLifecycle(BUCKET, fs.readFileSync(file, 'utf8'), AbortSignal.timeout(10_000))
  expect(JSON.parse(await read())).toEqual(JSON.parse(before))

  // moto forgets the size a rule is limited to: what is in force is not what was asked for, and is taken back.
  await expect(apply(about('intelligent-tiering'), { yes: true })).rejects.toThrow(/put back/)
  expect(JSON.parse(await read())).toEqual(JSON.parse(before))
  fs.rmSync(folder, { recursive: true })
})
