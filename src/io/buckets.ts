// Settings of S3 buckets and their storage metrics: what the bill depends on beside the objects themselves.
import { SourceError, reasonOf } from '../model/errors.ts'
import { type Timestamp, timestamp } from '../model/units.ts'
import { type BucketMetrics, bucketMetrics } from './bucket-metrics.ts'
import type { Clock } from './clock.ts'
import { type ObjectCounters, noCounts } from './object-store.ts'
import { type ObjectOptions, s3Place } from './objects.ts'
import { type S3Endpoint, type S3Place, type S3Sdk, S3_LIMITS, createS3Endpoint } from './s3-endpoint.ts'

export type OpenBuckets = (options?: ObjectOptions) => Buckets

export interface Upload {
  readonly key: string
  readonly uploadId: string
  readonly initiated: Timestamp | null
}

/** All throw SourceError; `missing` only where the bucket itself is not there. */
export interface Buckets extends BucketMetrics {
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
  return { counters, ...settings(ask), ...listings(ask), ...bucketMetrics(place, counters) }
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
