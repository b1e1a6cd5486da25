// The s3 collector against what moto answered (record.ts), and against what it cannot say: refusals, pages, other regions.
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { s3 } from '../../../src/collectors/s3/s3.ts'
import { systemClock } from '../../../src/io/clock.ts'
import { createIo } from '../../../src/io/io.ts'
import { createLog } from '../../../src/io/log.ts'
import type { BucketFact } from '../../../src/model/bucket.ts'
import { DAY, timestamp } from '../../../src/model/units.ts'
import { connect, poll } from '../connect.ts'
import { BUCKETS, connectBuckets, pollBuckets } from './poll.ts'
import { type Instead, readRecording, replayS3, s3Error } from './recorded-s3.ts'

const recording = readRecording(path.join(import.meta.dirname, 'moto.json'))
const now = timestamp(recording.now)
const [LAKE] = BUCKETS

/** One poll of the first bucket, with some answers other than those that were recorded. */
async function look(instead: Instead): Promise<BucketFact> {
  await using s3 = await replayS3(recording, instead)
  const [fact] = await pollBuckets(s3.url, now, { buckets: [LAKE] })
  if (fact?.kind !== 'bucket') throw new Error(`expected a bucket, found ${JSON.stringify(fact)}`)
  return fact
}
const refused = { status: 403, headers: { 'content-type': 'application/xml' }, body: s3Error('AccessDenied') }
const on =
  (part: string, answer: ReturnType<Instead>): Instead =>
  (asked) =>
    asked.includes(part) ? answer : undefined

test('a bucket with everything, one with nothing, one that is not there', async () => {
  await using s3 = await replayS3(recording)
  const facts = await pollBuckets(s3.url, now)
  // Times are those of the recording: told as ages.
  const text = JSON.stringify(
    facts,
    (_, value: unknown) =>
      typeof value === 'number' && value > 1.7e12 && value <= now + 2 * DAY
        ? `${((now - value) / DAY).toFixed(1)} days ago`
        : value,
    2,
  )
  await expect(`${text.replaceAll(s3.url, 'http://s3')}\n`).toMatchFileSnapshot('golden/moto.json')
})

test('reports are read once, logs once a day: the next poll asks for settings and metrics only', async () => {
  await using s3 = await replayS3(recording)
  const source = connectBuckets(s3.url, { buckets: [LAKE] })
  const [first] = await poll(source, { now })
  const before = s3.asked.length
  const [second] = await poll(source, { now })
  expect(second).toEqual(first)
  const again = s3.asked.slice(before).filter((asked) => asked.startsWith('GET /reports'))
  // Two folders are listed, to see whether there is a newer report.
  expect(again.every((asked) => asked.includes('list-type=2'))).toBe(true)
  expect(again.length).toBeLessThanOrEqual(4)
})

describe('what may not be read is unknown, and the permission is named', () => {
  test.for<[string, string, keyof BucketFact, string]>([
    [
      'lifecycle rules',
      '?lifecycle=',
      'lifecycle',
      's3:GetLifecycleConfiguration on arn:aws:s3:::company-lake',
    ],
    ['versioning', '?versioning=', 'versioning', 's3:GetBucketVersioning on arn:aws:s3:::company-lake'],
    ['locks', '?object-lock=', 'locked', 's3:GetBucketObjectLockConfiguration on arn:aws:s3:::company-lake'],
    [
      'replication',
      '?replication=',
      'replicated',
      's3:GetReplicationConfiguration on arn:aws:s3:::company-lake',
    ],
    ['versions', '?versions=', 'noncurrent', 's3:ListBucketVersions on arn:aws:s3:::company-lake'],
    [
      'uploads',
      '?uploads=',
      'unfinishedUploads',
      's3:ListBucketMultipartUploads on arn:aws:s3:::company-lake',
    ],
    ['reports', 'GET /reports', 'inventory', 's3:ListBucket on arn:aws:s3:::reports'],
  ])('%s', async ([, part, field, permission]) => {
    const fact = await look(on(part, refused))
    expect(fact[field]).toBeNull()
    expect(fact.partial.join('\n')).toContain(`the credentials need ${permission}`)
    // Nothing else is lost.
    expect(fact.region).toBe('us-east-1')
    expect(fact.objects).toBe(1_000_000)
  })

  test('metrics', async () => {
    const denied = {
      status: 403,
      headers: { 'content-type': 'application/x-amz-json-1.0' },
      body: '{"__type":"AccessDeniedException","message":"no"}',
    }
    const fact = await look(on('POST /', denied))
    expect(fact).toMatchObject({ bytes: null, objects: null, asOf: null, versioning: 'enabled' })
    expect(fact.partial.join('\n')).toContain('the credentials need cloudwatch:GetMetricStatistics')
  })

  test('parts of uploads', async () => {
    const fact = await look((asked) => (asked.includes('uploadId=') ? refused : undefined))
    expect(fact.unfinishedUploads).toMatchObject({ count: 2, bytes: null })
    expect(fact.partial.join('\n')).toContain('s3:ListMultipartUploadParts on arn:aws:s3:::company-lake/')
  })

  test('the bucket itself: a problem, not a bucket', async () => {
    await using s3 = await replayS3(recording, on('?location=', refused))
    expect(await pollBuckets(s3.url, now, { buckets: [LAKE] })).toMatchObject([
      {
        kind: 'problem',
        subject: LAKE,
        reason: 'denied',
        message: expect.stringContaining('s3:GetBucketLocation on arn:aws:s3:::company-lake'),
      },
    ])
  })
})

test('a bucket in another region: the region is named', async () => {
  const elsewhere = {
    status: 301,
    headers: { 'content-type': 'application/xml', 'x-amz-bucket-region': 'eu-central-1' },
    body: s3Error('PermanentRedirect'),
  }
  const fact = await look(on('?lifecycle=', elsewhere))
  expect(fact.lifecycle).toBeNull()
  expect(fact.partial[0]).toBe(
    'The bucket company-lake is in the region eu-central-1; set region of the source, or AWS_REGION',
  )
})

describe('lifecycle documents', () => {
  test('none: no rules, not unknown ones', async () => {
    const none = {
      status: 404,
      headers: { 'content-type': 'application/xml' },
      body: s3Error('NoSuchLifecycleConfiguration'),
    }
    expect(await look(on('?lifecycle=', none))).toMatchObject({
      lifecycle: [],
      lifecycleDocument: '{"Rules":[]}',
      partial: expect.not.arrayContaining([expect.stringContaining('lifecycle')]),
    })
  })

  test('not XML: unknown, and the rest is told', async () => {
    const fact = await look(
      on('?lifecycle=', { headers: { 'content-type': 'application/xml' }, body: '<Rules' }),
    )
    expect(fact).toMatchObject({ lifecycle: null, lifecycleDocument: null, versioning: 'enabled' })
    expect(fact.partial[0]).toContain('GetLifecycleConfiguration')
  })
})

test('pages of uploads and versions are followed to their end', async () => {
  const upload = (key: string) =>
    `<Upload><Key>${key}</Key><UploadId>u-${key}</UploadId><Initiated>2026-01-01T00:00:00Z</Initiated></Upload>`
  const version = (key: string, size: number, latest: boolean) =>
    `<Version><Key>${key}</Key><VersionId>v</VersionId><IsLatest>${latest}</IsLatest><Size>${size}</Size></Version>`
  const xml = (root: string, inside: string) => ({
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0"?><${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inside}</${root}>`,
  })
  const fact = await look((asked) => {
    if (asked.includes('uploadId='))
      return xml('ListPartsResult', '<Part><Size>40</Size></Part><Part><Size>2</Size></Part>')
    if (asked.includes('uploads=') && asked.includes('key-marker=a'))
      return xml('ListMultipartUploadsResult', `<IsTruncated>false</IsTruncated>${upload('b')}`)
    if (asked.includes('uploads='))
      return xml(
        'ListMultipartUploadsResult',
        `<IsTruncated>true</IsTruncated><NextKeyMarker>a</NextKeyMarker><NextUploadIdMarker>u-a</NextUploadIdMarker>${upload('a')}`,
      )
    if (asked.includes('versions=') && asked.includes('key-marker=k1'))
      return xml('ListVersionsResult', `<IsTruncated>false</IsTruncated>${version('k2', 7, false)}`)
    if (asked.includes('versions='))
      return xml(
        'ListVersionsResult',
        `<IsTruncated>true</IsTruncated><NextKeyMarker>k1</NextKeyMarker><NextVersionIdMarker>v</NextVersionIdMarker>${version('k1', 5, true)}${version('k1', 3, false)}`,
      )
    return undefined
  })
  expect(fact.unfinishedUploads).toEqual({ count: 2, oldest: Date.UTC(2026, 0, 1), bytes: 84 })
  expect(fact.noncurrent).toEqual({ objects: 2, bytes: 10 })
})

test('a server that hangs up is tried again, and then the bucket is a problem', async () => {
  await using s3 = await replayS3(recording, on('?location=', { status: 503, body: s3Error('SlowDown') }))
  const [problem] = await pollBuckets(s3.url, now, { buckets: [LAKE] })
  expect(problem).toMatchObject({ kind: 'problem', reason: 'throttled' })
  expect(s3.asked.filter((asked) => asked.includes('?location=')).length).toBeGreaterThan(1)
})

test('a storage class that was emptied is not told as full', async () => {
  await using server = await replayS3(recording)
  const io = createIo({
    clock: systemClock,
    log: createLog('silent'),
    base: '/',
    random: () => 0,
    environment: { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1' },
  })
  const values = (first: number, last: number) =>
    Array.from({ length: first - last + 1 }, (_, i) => ({ at: timestamp(now - (first - i) * DAY), value: 7 }))
  const source = connect(
    s3,
    { buckets: [LAKE], endpoint: server.url },
    {
      ...io,
      buckets: (options) => ({
        ...io.buckets(options),
        storage: async ({ type }) =>
          type === 'StandardStorage' ? values(38, 1) : type === 'GlacierStorage' ? values(38, 20) : [],
      }),
    },
  )
  const [fact] = await poll(source, { now })
  expect(fact).toMatchObject({ bytes: { STANDARD: 7 }, bytesAMonthAgo: 14, asOf: now - DAY })
  expect(fact).not.toHaveProperty('bytes.GLACIER')
})
