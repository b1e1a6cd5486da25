// The doors to the world, handed to whatever needs them.
import { type OpenBuckets, bucketOpener } from './buckets.ts'
import type { Clock } from './clock.ts'
import { type OpenCloudWatch, cloudWatchOpener } from './cloudwatch.ts'
import { createEgress } from './egress.ts'
import { type HttpClient, createHttpClient } from './http.ts'
import type { Log } from './log.ts'
import { type OpenObjects, objectOpener } from './objects.ts'
import { type OpenPriceList, priceListOpener } from './price-list.ts'

export interface Io {
  readonly clock: Clock
  readonly log: Log
  /** Opens `s3://bucket/prefix`, `file:///dir` or a path; relative paths are below `base`. Touches nothing yet. */
  readonly objects: OpenObjects
  /** Opens the settings and storage metrics of S3 buckets. Touches nothing yet. */
  readonly buckets: OpenBuckets
  /** Opens CloudWatch's metrics in a region. Touches nothing yet. */
  readonly cloudWatch: OpenCloudWatch
  /** Opens the AWS Price List for a region. Touches nothing yet. */
  readonly priceList: OpenPriceList
  /** For sources: they are mostly on private addresses; link-local and metadata addresses are refused all the same. */
  readonly http: HttpClient
  /** 0..1, for the jitter of waits. */
  readonly random: () => number
}

export const createIo = (world: {
  readonly clock: Clock
  readonly log: Log
  /** The folder that relative paths start from: that of the config file, or the working directory. */
  readonly base: string
  readonly random?: () => number
  readonly environment?: Readonly<Record<string, string | undefined>>
}): Io => ({
  clock: world.clock,
  log: world.log,
  http: createHttpClient(createEgress(['0.0.0.0/0', '::/0'])),
  random: world.random ?? Math.random,
  priceList: priceListOpener(world.environment ?? process.env),
  buckets: bucketOpener({
    clock: world.clock,
    random: world.random ?? Math.random,
    environment: world.environment ?? process.env,
  }),
  cloudWatch: cloudWatchOpener({
    clock: world.clock,
    random: world.random ?? Math.random,
    environment: world.environment ?? process.env,
  }),
  objects: objectOpener({
    clock: world.clock,
    base: world.base,
    random: world.random ?? Math.random,
    environment: world.environment ?? process.env,
  }),
})
