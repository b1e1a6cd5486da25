// Metrics of buckets: bytes by storage class, objects, and what is kept that nobody sees in a listing.
import type { Sample } from '../model/series.ts'
import type { FactReader } from '../model/store.ts'
import { gauge } from './metric.ts'

const bucket = ['source', 'bucket'] as const

export const bucketMetrics = {
  size: gauge(
    'tidemark_bucket_size_bytes',
    'Bytes in a bucket by storage class, as its daily storage metrics say.',
    'bytes',
    [...bucket, 'storage_class'],
  ),
  objects: gauge('tidemark_bucket_objects', 'Objects in a bucket, versions included.', '', bucket),
  asOf: gauge(
    'tidemark_bucket_metrics_timestamp_seconds',
    'Day of the newest storage metrics of a bucket.',
    'seconds',
    bucket,
  ),
  uploads: gauge(
    'tidemark_bucket_unfinished_uploads_size_bytes',
    'Parts of uploads that were begun and not finished.',
    'bytes',
    bucket,
  ),
  noncurrent: gauge(
    'tidemark_bucket_noncurrent_size_bytes',
    'Bytes of versions that were replaced or deleted.',
    'bytes',
    bucket,
  ),
}

const m = bucketMetrics

/** A bucket that cannot be read at the moment has none. */
export function bucketSamples(known: FactReader): Sample[] {
  const blind = new Set(
    known
      .facts('problem')
      .flatMap(({ resolved, source, subject }) => (resolved === null ? [`${source}/${subject}`] : [])),
  )
  return known.facts('bucket').flatMap((fact) => {
    const labels = { source: fact.source, bucket: fact.bucket }
    if (blind.has(`${fact.source}/${fact.bucket}`) || blind.has(`${fact.source}/`)) return []
    return [
      ...Object.entries(fact.bytes ?? {}).flatMap(([storage_class, size]) =>
        m.size({ ...labels, storage_class }, size),
      ),
      ...m.objects(labels, fact.objects),
      ...m.asOf(labels, fact.asOf === null ? null : fact.asOf / 1_000),
      ...m.uploads(labels, fact.unfinishedUploads?.bytes),
      ...m.noncurrent(labels, fact.noncurrent?.bytes),
    ]
  })
}
