// Daily metrics of S3 buckets (CloudWatch, namespace AWS/S3).
import { SourceError } from '../model/errors.ts'
import { DAY, type Timestamp, timestamp } from '../model/units.ts'
import { loadCloudWatch } from './cloudwatch.ts'
import type { ObjectCounters } from './object-store.ts'
import { type S3Place, S3_LIMITS } from './s3-endpoint.ts'

/** One value a day, newest last. */
export interface DailyMetric {
  readonly at: Timestamp
  readonly value: number
}

interface DailyAsk {
  readonly bucket: string
  readonly metric: string
  readonly days: number
  readonly until: Timestamp
}

/** Both throw SourceError. */
export interface BucketMetrics {
  /** A daily storage metric of one storage type, of the last `days`. */
  storage(ask: DailyAsk & { readonly type: string }, signal: AbortSignal): Promise<readonly DailyMetric[]>
  /** A request metric of the filter `EntireBucket`, a sum a day; empty where it is not switched on. */
  requests(ask: DailyAsk, signal: AbortSignal): Promise<readonly DailyMetric[]>
}

/** What is asked is counted with the bucket's other requests. */
export function bucketMetrics(place: S3Place, counters: ObjectCounters): BucketMetrics {
  let loading: ReturnType<typeof loadCloudWatch> | undefined
  const daily = async (
    { bucket, metric, days, until }: DailyAsk,
    statistic: 'Average' | 'Sum',
    more: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<readonly DailyMetric[]> => {
    // CloudWatch has another endpoint than S3 unless one is given for all.
    const { sdk, client } = await (loading ??= loadCloudWatch(place, S3_LIMITS.attempts))
    const dimensions = Object.entries({ BucketName: bucket, ...more })
    const command = new sdk.GetMetricStatisticsCommand({
      Namespace: 'AWS/S3',
      MetricName: metric,
      Dimensions: dimensions.map(([Name, Value]) => ({ Name, Value })),
      StartTime: new Date(until - days * DAY),
      EndTime: new Date(until),
      Period: DAY / 1_000,
      Statistics: [statistic],
    })
    counters.gets += 1
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
  return {
    storage: (ask, signal) => daily(ask, 'Average', { StorageType: ask.type }, signal),
    requests: (ask, signal) => daily(ask, 'Sum', { FilterId: 'EntireBucket' }, signal),
  }
}
