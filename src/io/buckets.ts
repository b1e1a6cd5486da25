// Settings of S3 buckets and their storage metrics: what the bill depends on beside the objects themselves.
import { SourceError, reasonOf } from '../model/errors.ts'
import { DAY, type Timestamp, timestamp } from '../model/units.ts'
import type { Clock } from './clock.ts'
import { loadCloudWatch } from './cloudwatch.ts'
import { type ObjectCounters, noCounts } from './object-store.ts'
import { type ObjectOptions, s3Place } from './objects.ts'
import { type S3Endpoint, type S3Place, type S3Sdk, S3_LIMITS, createS3Endpoint } from './s3-endpoint.ts'

export type OpenBuckets = (options?: ObjectOptions) => Buckets

export interface Upload {
  readonly key: string
  readonly uploadId: string
  readonly initiated: Timestamp | null
}

/** One value a day, newest last. */
export interface DailyMetric {
  readonly at: Timestamp
  readonly value: number
}

/** All throw SourceError; `missing` only where the bucket itself is not there. */
export interface Buckets {
  readonly counters: ObjectCounters
  regionOf(bucket: string, signal: AbortSignal): Promise<string>
  /** The document as JSON text with keys as S3 spells them; `{"Rules":[]}` where there is none. */
  lifecycle(bucket: string, signal: AbortSignal): Promise<string>
  /** Replaces the whole document; null takes it away. */
  putLifecycle(bucket: string, document: string | null, signal: AbortSignal): Promise<void>
  versioning(bucket: string, signal: AbortSignal): Promise<'enabled' | 'suspended' | 'off'>
  isLocked(bucket: string, signal: AbortSignal): Promise<boolean>
  isReplicated(bucket: string, signal: AbortSignal): Promise<boolean>
  /** At most `most`, in key order. */
  uploads(bucket: string, most: number, signal: AbortSignal): Promise<readonly Upload[]>
  bytesOfUpload(bucket: string, upload: Upload, signal: AbortSignal): Promise<number>
  /** Replaced versions and delete markers' victims; null beyond `most` versions: counting on would cost requests. */
  noncurrent(
    bucket: string,
    most: number,
    signal: AbortSignal,
  ): Promise<{ readonly objects: number; readonly bytes: number } | null>
  /** A daily storage metric of one storage type (CloudWatch, AWS/S3), of the last `days`. */
  storage(
    ask: {
      readonly bucket: string
      readonly metric: string
      readonly type: string
      readonly days: number
      readonly until: Timestamp
    },
    signal: AbortSignal,
  ): Promise<readonly DailyMetric[]>
  /** A request metric of the filter `EntireBucket`, a sum a day; empty where it is not switched on. */
  requests(
    ask: {
      readonly bucket: string
      readonly metric: string
      readonly days: number
      readonly until: Timestamp
    },
    signal: AbortSignal,
  ): Promise<readonly DailyMetric[]>
}

export interface BucketWorld {
  readonly clock: Clock
  readonly random: () => number
  readonly environment: Readonly<Record<string, string | undefined>>
}

export const bucketOpener =
  (world: BucketWorld): OpenBuckets =>
  (options = {}) => {
    const place = s3Place(options, world.environment)
    return openBuckets(createS3Endpoint(place, { ...world, limits: S3_LIMITS }), place)
  }

const EMPTY = '{"Rules":[]}'

function openBuckets(endpoint: S3Endpoint, place: S3Place): Buckets {
  const counters = noCounts()
  const ask = <T>(
    action: string,
    bucket: string,
    signal: AbortSignal,
    attempt: (sdk: S3Sdk, input: { Bucket: string }) => Promise<T>,
  ): Promise<T> =>
    endpoint.call({
      asked: { action, bucket, key: '', url: `s3://${bucket}` },
      counters,
      counted: 'gets',
      signal,
      attempt: (sdk) => attempt(sdk, { Bucket: bucket }),
    })
  return { counters, ...settings(ask), ...listings(ask), ...metrics(place) }
}

type Settings = Pick<
  Buckets,
  'regionOf' | 'lifecycle' | 'putLifecycle' | 'versioning' | 'isLocked' | 'isReplicated'
>

function settings(ask: Ask): Settings {
  /** Settings that were never made are answered 404, as if something were missing. */
  const orElse = async <T>(asked: Promise<T>, other: T): Promise<T> => {
    try {
      return await asked
    } catch (error) {
      if (reasonOf(error) === 'missing') return other
      throw error
    }
  }
  return {
    regionOf: (bucket, signal) =>
      ask('GetBucketLocation', bucket, signal, async ({ s3, send }, input) => {
        const { LocationConstraint } = await send(new s3.GetBucketLocationCommand(input), signal)
        return LocationConstraint === 'EU' ? 'eu-west-1' : LocationConstraint || 'us-east-1'
      }),
    lifecycle: (bucket, signal) =>
      orElse(
        ask('GetLifecycleConfiguration', bucket, signal, async ({ s3, send }, input) => {
          const { $metadata: _, ...document } = await send(
            new s3.GetBucketLifecycleConfigurationCommand(input),
            signal,
          )
          return JSON.stringify({ Rules: [], ...document })
        }),
        EMPTY,
      ),
    putLifecycle: (bucket, document, signal) =>
      ask('PutLifecycleConfiguration', bucket, signal, async ({ s3, send }, input) => {
        if (document === null) {
          await send(new s3.DeleteBucketLifecycleCommand(input), signal)
          return
        }
        const { TransitionDefaultMinimumObjectSize: least, ...rules } = parse(document, bucket)
        await send(
          new s3.PutBucketLifecycleConfigurationCommand({
            ...input,
            LifecycleConfiguration: rules as never,
            ...(least === undefined ? {} : { TransitionDefaultMinimumObjectSize: least as never }),
          }),
          signal,
        )
      }),
    versioning: (bucket, signal) =>
      ask('GetBucketVersioning', bucket, signal, async ({ s3, send }, input) => {
        const { Status } = await send(new s3.GetBucketVersioningCommand(input), signal)
        return Status === 'Enabled' ? 'enabled' : Status === 'Suspended' ? 'suspended' : 'off'
      }),
    isLocked: (bucket, signal) =>
      orElse(
        ask('GetObjectLockConfiguration', bucket, signal, async ({ s3, send }, input) => {
          const { ObjectLockConfiguration } = await send(
            new s3.GetObjectLockConfigurationCommand(input),
            signal,
          )
          return ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled'
        }),
        false,
      ),
    isReplicated: (bucket, signal) =>
      orElse(
        ask('GetBucketReplication', bucket, signal, async ({ s3, send }, input) => {
          const { ReplicationConfiguration } = await send(new s3.GetBucketReplicationCommand(input), signal)
          return (ReplicationConfiguration?.Rules ?? []).length > 0
        }),
        false,
      ),
  }
}

const listings = (ask: Ask): Pick<Buckets, 'uploads' | 'bytesOfUpload' | 'noncurrent'> => ({
  uploads: (bucket, most, signal) => listUploads(ask, bucket, most, signal),
  bytesOfUpload: (bucket, { key, uploadId }, signal) =>
    ask('ListParts', bucket, signal, async ({ s3, send }, input) => {
      const { Parts = [] } = await send(
        new s3.ListPartsCommand({ ...input, Key: key, UploadId: uploadId }),
        signal,
      )
      return Parts.reduce((sum, { Size = 0 }) => sum + Size, 0)
    }),
  noncurrent: (bucket, most, signal) => countNoncurrent(ask, bucket, most, signal),
})

function metrics(place: S3Place): Pick<Buckets, 'storage' | 'requests'> {
  let loading: ReturnType<typeof loadCloudWatch> | undefined
  // CloudWatch has another endpoint than S3 unless one is given for all.
  const cloudWatch = () => (loading ??= loadCloudWatch(place, S3_LIMITS.attempts))
  return {
    storage: ({ bucket, metric, type, days, until }, signal) =>
      daily(
        cloudWatch,
        { bucket, metric, days, statistic: 'Average', with: { StorageType: type } },
        until,
        signal,
      ),
    requests: ({ bucket, metric, days, until }, signal) =>
      daily(
        cloudWatch,
        { bucket, metric, days, statistic: 'Sum', with: { FilterId: 'EntireBucket' } },
        until,
        signal,
      ),
  }
}

function parse(document: string, bucket: string): Record<string, unknown> {
  try {
    return JSON.parse(document) as Record<string, unknown>
  } catch (cause) {
    throw new SourceError('corrupt', `the lifecycle document for ${bucket} is not JSON`, {
      subject: `s3://${bucket}`,
      cause,
    })
  }
}

type Ask = <T>(
  action: string,
  bucket: string,
  signal: AbortSignal,
  attempt: (sdk: S3Sdk, input: { Bucket: string }) => Promise<T>,
) => Promise<T>

async function listUploads(ask: Ask, bucket: string, most: number, signal: AbortSignal): Promise<Upload[]> {
  const found: Upload[] = []
  let marker: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {}
  while (marker !== undefined && found.length < most) {
    const from: { KeyMarker?: string; UploadIdMarker?: string } = marker
    const page = await ask('ListMultipartUploads', bucket, signal, ({ s3, send }, input) =>
      send(new s3.ListMultipartUploadsCommand({ ...input, ...from }), signal),
    )
    for (const { Key = '', UploadId = '', Initiated } of page.Uploads ?? [])
      found.push({
        key: Key,
        uploadId: UploadId,
        initiated: Initiated ? timestamp(Initiated.getTime()) : null,
      })
    marker =
      page.IsTruncated === true && page.NextKeyMarker !== undefined
        ? {
            KeyMarker: page.NextKeyMarker,
            ...(page.NextUploadIdMarker === undefined ? {} : { UploadIdMarker: page.NextUploadIdMarker }),
          }
        : undefined
  }
  return found.slice(0, most)
}

async function countNoncurrent(
  ask: Ask,
  bucket: string,
  most: number,
  signal: AbortSignal,
): Promise<{ objects: number; bytes: number } | null> {
  let seen = 0
  let objects = 0
  let bytes = 0
  let marker: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {}
  while (marker !== undefined) {
    const from: { KeyMarker?: string; VersionIdMarker?: string } = marker
    const page = await ask('ListObjectVersions', bucket, signal, ({ s3, send }, input) =>
      send(new s3.ListObjectVersionsCommand({ ...input, ...from }), signal),
    )
    for (const { IsLatest, Size = 0 } of page.Versions ?? []) {
      seen += 1
      if (IsLatest === true) continue
      objects += 1
      bytes += Size
    }
    if (seen > most) return null
    marker =
      page.IsTruncated === true && page.NextKeyMarker !== undefined
        ? {
            KeyMarker: page.NextKeyMarker,
            ...(page.NextVersionIdMarker === undefined ? {} : { VersionIdMarker: page.NextVersionIdMarker }),
          }
        : undefined
  }
  return { objects, bytes }
}

interface DailyAsk {
  readonly bucket: string
  readonly metric: string
  readonly days: number
  readonly statistic: 'Average' | 'Sum'
  readonly with: Readonly<Record<string, string>>
}

async function daily(
  open: () => ReturnType<typeof loadCloudWatch>,
  ask: DailyAsk,
  now: Timestamp,
  signal: AbortSignal,
): Promise<readonly DailyMetric[]> {
  const { bucket, metric, days, statistic } = ask
  const { sdk, client } = await open()
  const dimensions = Object.entries({ BucketName: bucket, ...ask.with })
  const command = new sdk.GetMetricStatisticsCommand({
    Namespace: 'AWS/S3',
    MetricName: metric,
    Dimensions: dimensions.map(([Name, Value]) => ({ Name, Value })),
    StartTime: new Date(now - days * DAY),
    EndTime: new Date(now),
    Period: DAY / 1_000,
    Statistics: [statistic],
  })
  try {
    const { Datapoints = [] } = await client.send(command, { abortSignal: signal })
    return Datapoints.flatMap((point) => {
      const value = point[statistic]
      return point.Timestamp === undefined || value === undefined
        ? []
        : [{ at: timestamp(point.Timestamp.getTime()), value }]
    }).toSorted((a, b) => a.at - b.at)
  } catch (cause) {
    const { name } = cause as Error
    const denied = /denied|unauthorized|credential|token|signature/i.test(name)
    throw new SourceError(
      denied ? 'denied' : 'unreachable',
      `CloudWatch did not give ${metric} of ${bucket} (${name})${denied ? ': the credentials need cloudwatch:GetMetricStatistics' : ''}`,
      { subject: `s3://${bucket}`, cause },
    )
  }
}
