// What a bucket keeps beside its objects: parts of uploads that were never finished, and versions that were replaced.
import { DAY, bytes, readableBytes, readableCount, readableDuration, between } from '../../model/units.ts'
import { type Findings, NOTHING, together } from '../advisor.ts'
import { meterLines } from '../prices.ts'
import { type BucketView, need, proposeRules, seen } from './bucket-view.ts'
import { gib } from './classes.ts'
import { OWN } from './document.ts'
import { replacedVersions } from './listed.ts'

const ABORT_AFTER_DAYS = 7
/** Longer than the longest retention that tables have by default, with a margin. */
const KEEP_NONCURRENT_DAYS = 30
const LEAST_UPLOADS = 1
/** Of the replaced versions, what is older than what is kept: a prior until an inventory tells. */
const OLD_SHARE = 0.7

export const leftovers = (view: BucketView): Findings => together([unfinishedUploads(view), noncurrent(view)])

function unfinishedUploads(view: BucketView): Findings {
  const { bucket, now } = view
  if (
    bucket.lifecycle!.some((rule) => rule.enabled && rule.prefix === '' && rule.abortsUploadsAfter !== null)
  )
    return NOTHING
  const uploads = bucket.unfinishedUploads
  if (uploads === null)
    return need(
      view,
      's3:ListBucketMultipartUploads: parts of unfinished uploads are billed and seen nowhere else',
    )
  const { count, oldest, bytes: size } = uploads
  if (count < LEAST_UPLOADS || oldest === null || now - oldest < ABORT_AFTER_DAYS * DAY) return NOTHING
  const lines = (kept: number) =>
    size === null
      ? null
      : meterLines(view.prices, `${bucket.id}#uploads`, [['s3.STANDARD.storage', gib(size) * kept]])
  return proposeRules(
    view,
    [
      {
        ID: `${OWN}abort-uploads`,
        Status: 'Enabled',
        Filter: { Prefix: '' },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: ABORT_AFTER_DAYS },
      },
    ],
    {
      topic: 'abort-uploads',
      stage: 'eliminate',
      title: `Drop unfinished uploads of ${bucket.bucket} after ${ABORT_AFTER_DAYS} days`,
      why: `${readableCount(count)} uploads were begun and never finished, the oldest ${readableDuration(between(oldest, now))} ago${size === null ? '' : `, ${readableBytes(bytes(size))} of parts`}. They are billed like data and appear in no listing.`,
      evidence: [
        seen(view, 'unfinished uploads', count, 'uploads'),
        ...(size === null ? [] : [seen(view, 'bytes of unfinished uploads', size, 'bytes')]),
      ],
      inputsMissing: size === null ? ['s3:ListMultipartUploadParts, for the bytes of the parts'] : [],
      effects: ['uploads that take longer than a week are cut off'],
      confidence: 0.95,
      cost: {
        before: lines(1),
        after: lines(0),
        oneOff: [],
        spread: { low: 0.9, high: 1.1 },
        breakEven: 'it costs nothing',
      },
      risk: {
        performance: 0,
        dataLoss: 'none',
        reasons: ['parts of an upload are no object until it is completed'],
      },
      preconditions: [`no upload takes longer than ${ABORT_AFTER_DAYS} days`],
    },
  )
}

function noncurrent(view: BucketView): Findings {
  const { bucket } = view
  if (bucket.versioning === null || bucket.versioning === 'off') return NOTHING
  if (bucket.lifecycle!.some((rule) => rule.enabled && rule.prefix === '' && rule.noncurrentExpires !== null))
    return NOTHING
  if (bucket.locked === null || bucket.locked) return NOTHING
  const replaced = replacedVersions(bucket)
  if (replaced === null)
    return need(
      view,
      's3:ListBucketVersions (versions: true in the source), or S3 Inventory: how many bytes replaced versions hold',
    )
  const { objects, bytes: size, oldShare } = replaced
  if (objects === 0) return NOTHING
  const lines = (kept: number) =>
    meterLines(view.prices, `${bucket.id}#noncurrent`, [['s3.STANDARD.storage', gib(size) * kept]])
  return proposeRules(
    view,
    [
      {
        ID: `${OWN}noncurrent`,
        Status: 'Enabled',
        Filter: { Prefix: '' },
        NoncurrentVersionExpiration: { NoncurrentDays: KEEP_NONCURRENT_DAYS },
        Expiration: { ExpiredObjectDeleteMarker: true },
      },
    ],
    {
      topic: 'noncurrent-versions',
      stage: 'eliminate',
      title: `Expire replaced versions in ${bucket.bucket} after ${KEEP_NONCURRENT_DAYS} days`,
      why: `Versioning is ${bucket.versioning}: what is deleted or replaced stays and costs its full price. ${readableCount(objects)} such versions hold ${readableBytes(size)}; no rule ends them.`,
      evidence: [
        seen(view, 'replaced versions', objects, 'objects'),
        seen(view, 'bytes of replaced versions', size, 'bytes'),
      ],
      inputsMissing: oldShare === null ? ['S3 Inventory with versions: their ages'] : [],
      effects: [`a deleted object can be brought back for ${KEEP_NONCURRENT_DAYS} days only`],
      confidence: 0.7,
      cost: {
        before: lines(1),
        after: lines(1 - (oldShare ?? OLD_SHARE)),
        oneOff: [],
        // A version is as old as its writing; since when it is replaced is later.
        spread: oldShare === null ? { low: 0.4, high: 1.4 } : { low: 0.5, high: 1.05 },
      },
      risk: {
        performance: 0,
        dataLoss: 'irreversible',
        reasons: ['replaced versions are gone for good: ask whoever answers for backups and audits'],
      },
      preconditions: ['no Object Lock, legal hold or replication rule needs old versions'],
    },
  )
}
