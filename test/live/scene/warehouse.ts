// Two buckets in moto, one with Delta tables that keep terabytes nobody reads any more, and two months of storage metrics.
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch'
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { DAY, GIB, type Timestamp } from '../../../src/model/units.ts'

export const BUCKET = 'company-lake'
/** Keeps old versions. */
export const VERSIONED = 'company-raw'
export const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_REGION: 'us-east-1',
}

const TABLES = ['events', 'sessions', 'visits'] as const
const REMOVED_BYTES = 7_000 * GIB

export interface Warehouse extends Disposable {
  /** VACUUM of `sessions`: what was removed is deleted. Of `visits` more was removed, and nothing deleted. */
  vacuum(at: Timestamp): Promise<void>
}

export async function openWarehouse(endpoint: string, now: Timestamp): Promise<Warehouse> {
  const place = {
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  }
  const s3 = new S3Client({ ...place, forcePathStyle: true })
  for (const Bucket of [BUCKET, VERSIONED]) await s3.send(new CreateBucketCommand({ Bucket }))
  const enabled = { Bucket: VERSIONED, VersioningConfiguration: { Status: 'Enabled' } } as const
  await s3.send(new PutBucketVersioningCommand(enabled))
  for (const size of [400_000, 900_000])
    await s3.send(new PutObjectCommand({ Bucket: VERSIONED, Key: 'landing/x', Body: Buffer.alloc(size) }))
  const put = (table: string, version: number, actions: readonly object[]) =>
    s3.send(
      new PutObjectCommand({
        Bucket: BUCKET,
        Key: `warehouse/${table}/_delta_log/${String(version).padStart(20, '0')}.json`,
        Body: `${actions.map((action) => JSON.stringify(action)).join('\n')}\n`,
      }),
    )
  for (const table of TABLES) {
    await put(table, 0, firstCommit(now - 60 * DAY))
    await put(table, 1, secondCommit(now - 40 * DAY))
  }
  await leaveAnUpload(s3)
  await storageMetrics(new CloudWatchClient(place), now)
  return {
    async vacuum(at) {
      const info = { operationMetrics: { numDeletedFiles: '40' }, timestamp: at }
      await put('sessions', 2, [{ commitInfo: { ...info, operation: 'VACUUM START' } }])
      await put('sessions', 3, [
        { commitInfo: { ...info, operation: 'VACUUM END', operationParameters: { status: 'COMPLETED' } } },
      ])
      await put('visits', 2, [
        { commitInfo: { timestamp: at, operation: 'DELETE' } },
        ...Array.from({ length: 10 }, (_, i) => removal(`part-${i}.parquet`, now - 30 * DAY, 100 * GIB)),
      ])
    },
    [Symbol.dispose]: () => s3.destroy(),
  }
}

const schemaString = JSON.stringify({
  type: 'struct',
  fields: [{ name: 'id', type: 'long', nullable: false, metadata: {} }],
})

const add = (name: string, at: number) => ({
  add: {
    path: name,
    partitionValues: {},
    size: 100 * GIB,
    modificationTime: at,
    dataChange: true,
    stats: JSON.stringify({ numRecords: 40_000_000 }),
  },
})

const removal = (name: string, at: number, size: number) => ({
  remove: { path: name, deletionTimestamp: at, dataChange: true, size },
})

const old = (i: number): string => `part-${i}-old.parquet`

const firstCommit = (at: number): object[] => [
  { commitInfo: { timestamp: at, operation: 'WRITE' } },
  { protocol: { minReaderVersion: 1, minWriterVersion: 2 } },
  {
    metaData: {
      id: 'warehouse',
      format: { provider: 'parquet', options: {} },
      schemaString,
      partitionColumns: [],
      configuration: {},
      createdTime: at,
    },
  },
  ...Array.from({ length: 14 }, (_, i) => add(old(i), at)),
]

const secondCommit = (at: number): object[] => [
  { commitInfo: { timestamp: at, operation: 'WRITE', operationParameters: { mode: 'Overwrite' } } },
  ...Array.from({ length: 14 }, (_, i) => ({
    ...removal(old(i), at, REMOVED_BYTES / 14),
  })),
  ...Array.from({ length: 20 }, (_, i) => add(`part-${i}.parquet`, at)),
]

async function leaveAnUpload(s3: S3Client): Promise<void> {
  const about = { Bucket: VERSIONED, Key: 'landing/big' }
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(about))
  await s3.send(new UploadPartCommand({ ...about, UploadId, PartNumber: 1, Body: Buffer.alloc(50_000) }))
}

async function storageMetrics(metrics: CloudWatchClient, now: Timestamp): Promise<void> {
  const pointOf =
    (bucket: string, at: number) => (MetricName: string, StorageType: string, Value: number) => ({
      MetricName,
      Dimensions: [
        { Name: 'BucketName', Value: bucket },
        { Name: 'StorageType', Value: StorageType },
      ],
      Timestamp: new Date(at),
      Value,
    })
  for (let day = 60; day >= 0; day--) {
    const [lake, raw] = [BUCKET, VERSIONED].map((bucket) => pointOf(bucket, now - day * DAY))
    await metrics.send(
      new PutMetricDataCommand({
        Namespace: 'AWS/S3',
        MetricData: [
          lake!('BucketSizeBytes', 'StandardStorage', (9_000 - day * 40) * GIB),
          lake!('BucketSizeBytes', 'StandardIAStorage', 2_500 * GIB),
          lake!('BucketSizeBytes', 'GlacierInstantRetrievalStorage', 1_200 * GIB),
          lake!('NumberOfObjects', 'AllStorageTypes', 80_000),
          raw!('BucketSizeBytes', 'StandardStorage', (1_500 - day * 10) * GIB),
          raw!('NumberOfObjects', 'AllStorageTypes', 900_000),
        ],
      }),
    )
  }
  metrics.destroy()
}
