// Fills moto's S3 and CloudWatch, polls them once through the s3 collector and keeps every answer as the fixture of its tests:
// TIDEMARK_LIVE_VENV=~/.cache/tidemark-live/venv node test/collectors/s3/record.ts
import fs from 'node:fs'
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
import { systemClock } from '../../../src/io/clock.ts'
import { DAY, GIB, HOUR, KIB, MIB, timestamp } from '../../../src/model/units.ts'
import { pythonProgram, startServer } from '../../live/servers.ts'
import { BUCKETS, pollBuckets } from './poll.ts'
import { recordS3 } from './recorded-s3.ts'
import { analysisExport, inventoryReport, logLine } from './reports.ts'

await using moto = await startServer(
  pythonProgram('moto_server'),
  (port) => ['-H', '127.0.0.1', '-p', String(port)],
  async (url) => (await fetch(`${url}/moto-api/data.json`)).ok,
)
const place = {
  endpoint: moto.url,
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
}
const s3 = new S3Client({ ...place, forcePathStyle: true })
const metrics = new CloudWatchClient(place)
// Storage metrics come late; for today moto makes up its own.
const now = timestamp(systemClock.now() - 36 * HOUR)

const [lake] = BUCKETS
for (const Bucket of [...BUCKETS.slice(0, 2), 'reports']) await s3.send(new CreateBucketCommand({ Bucket }))
await s3.send(
  new PutBucketVersioningCommand({ Bucket: lake, VersioningConfiguration: { Status: 'Enabled' } }),
)
for (const Body of ['a', 'bb', 'ccc'])
  await s3.send(new PutObjectCommand({ Bucket: lake, Key: 'gold/x', Body }))
for (const Key of ['gold/big', 'gold/bigger']) {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket: lake, Key }))
  await s3.send(
    new UploadPartCommand({ Bucket: lake, Key, UploadId, PartNumber: 1, Body: Buffer.alloc(1_000) }),
  )
}
await s3.send(
  new PutBucketLifecycleConfigurationCommand({
    Bucket: lake,
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
const put = (Key: string, Body: Uint8Array | string) =>
  s3.send(new PutObjectCommand({ Bucket: 'reports', Key, Body }))
const report = inventoryReport({
  prefix: 'inventory',
  bucket: lake!,
  at: now - 2 * DAY,
  files: [
    [
      { key: 'gold/orders/day=1/a b.parquet', size: 400 * MIB, modified: now - 200 * DAY },
      { key: 'gold/orders/_delta_log/0.json', size: 9 * KIB, modified: now - 200 * DAY },
    ],
    [
      { key: 'gold/orders/day=2/c.parquet', size: 300 * MIB, modified: now - 3 * DAY },
      { key: 'gold/orders/day=1/old.parquet', size: 90 * MIB, modified: now - 90 * DAY, isLatest: false },
      { key: 'gold/orders/day=1/gone.parquet', size: 0, modified: now - 5 * DAY, isDeleteMarker: true },
    ],
  ],
})
for (const [key, bytes] of report) await put(key, bytes)
for (let back = 1; back <= 33; back++) {
  const day = new Date(now - back * DAY).toISOString().slice(0, 10)
  const at = Date.parse(day) + 5 * HOUR
  const lines = [
    logLine(lake!, at, 'gold/orders/day=2/c.parquet', { sent: 5 * MIB }),
    logLine(lake!, at + HOUR, 'gold/orders/day=2/c.parquet', { operation: 'REST.HEAD.OBJECT', sent: '-' }),
    logLine('another', at, 'x', { sent: 7 }),
    'this is no line of a log',
  ]
  await put(`logs/${day}-06-00-00-ABCDEF0123456789`, `${lines.join('\n')}\n`)
}
await put(
  'analysis/company-lake/all.csv',
  analysisExport(now, 40, [
    ['000-014', 300, 100],
    ['180-364', 400, 1],
    ['ALL', 700, 101],
  ]),
)
for (const day of [35, 20, 3]) {
  const point = (MetricName: string, StorageType: string, Value: number) => ({
    MetricName,
    Dimensions: [
      { Name: 'BucketName', Value: lake },
      { Name: 'StorageType', Value: StorageType },
    ],
    Timestamp: new Date(now - day * DAY),
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
await using recorder = await recordS3(moto.url)
const facts = await pollBuckets(recorder.url, now)
const file = path.join(import.meta.dirname, 'moto.json')
fs.writeFileSync(file, `${JSON.stringify({ now, exchanges: recorder.exchanges }, null, 1)}\n`)
process.stdout.write(`${recorder.exchanges.length} answers, ${facts.length} facts: ${file}\n`)
s3.destroy()
metrics.destroy()
