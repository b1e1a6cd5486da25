// Opens a location as an object store: `s3://bucket/prefix`, `file:///dir` or a path.
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { ConfigError } from '../model/errors.ts'
import type { Clock } from './clock.ts'
import { FILES_AT_ONCE, createFileObjects } from './file-objects.ts'
import { createLimiter } from './limiter.ts'
import type { ObjectStore } from './object-store.ts'
import { type S3Endpoint, type S3Limits, type S3Place, S3_LIMITS, createS3Endpoint } from './s3-endpoint.ts'
import { createS3Objects } from './s3-objects.ts'

/** What a source may say about its S3; the rest comes from the standard AWS environment. */
export interface ObjectOptions {
  readonly region?: string | undefined
  readonly endpoint?: string | undefined
  /** `http://host/bucket/key` instead of `http://bucket.host/key`; the default wherever an endpoint is given. */
  readonly forcePathStyle?: boolean | undefined
}

export type OpenObjects = (location: string, options?: ObjectOptions) => ObjectStore

export interface ObjectWorld {
  readonly clock: Clock
  readonly random: () => number
  /** Relative paths are below it. */
  readonly base: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly s3Limits?: Partial<S3Limits>
}

/** Stores opened by the same function share their endpoints: one limit, one breaker each. */
export function objectOpener(world: ObjectWorld): OpenObjects {
  const files = createLimiter(FILES_AT_ONCE)
  const endpoints = new Map<string, S3Endpoint>()
  const limits: S3Limits = { ...S3_LIMITS, ...world.s3Limits }

  const endpointOf = (place: S3Place): S3Endpoint => {
    const id = JSON.stringify([place.region, place.endpoint, place.forcePathStyle])
    const endpoint = endpoints.get(id) ?? createS3Endpoint(place, { ...world, limits })
    endpoints.set(id, endpoint)
    return endpoint
  }

  return (location, options = {}) => {
    const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(location)?.[1]?.toLowerCase()
    if (scheme === undefined) return createFileObjects(path.resolve(world.base, location), files)
    if (scheme === 'file') return createFileObjects(fileOf(location), files)
    if (!/^s3[an]?$/.test(scheme))
      throw new ConfigError(
        `${location}: '${scheme}:' is not read; give s3://bucket/prefix, file:///folder or a path`,
      )
    const { bucket, prefix } = bucketOf(location)
    return createS3Objects(endpointOf(s3Place(options, world.environment)), bucket, prefix)
  }
}

function fileOf(location: string): string {
  try {
    return path.resolve(fileURLToPath(new URL(location)))
  } catch (cause) {
    throw new ConfigError(`${location} is not a file URL of this machine; write file:///folder`, { cause })
  }
}

function bucketOf(location: string): { bucket: string; prefix: string } {
  const [, bucket, prefix = ''] = /^s3[an]?:\/\/([\w.-]{3,63})(?:\/(.*?))?\/*$/is.exec(location) ?? []
  if (bucket === undefined || prefix.includes('\0') || prefix.split('/').includes('..'))
    throw new ConfigError(`${location.slice(0, 200)} is not an S3 location; write s3://bucket/prefix`)
  return { bucket, prefix }
}

/** The standard variables, the most specific first. Without static keys the SDK looks for profiles and roles. */
export function s3Place(options: ObjectOptions, environment: ObjectWorld['environment']): S3Place {
  const setting = (...names: string[]) => names.map((name) => environment[name]).find(Boolean)
  const endpoint = options.endpoint ?? setting('AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL')
  if (endpoint !== undefined && !/^https?:$/.test(URL.parse(endpoint)?.protocol ?? ''))
    throw new ConfigError(`The S3 endpoint must be a URL such as https://s3.example.com`)
  const region = options.region ?? setting('AWS_REGION', 'AWS_DEFAULT_REGION')
  const accessKeyId = setting('AWS_ACCESS_KEY_ID')
  const secretAccessKey = setting('AWS_SECRET_ACCESS_KEY')
  const sessionToken = setting('AWS_SESSION_TOKEN')
  return {
    // Servers that speak S3 elsewhere take any region; Amazon's must be named (or come from the AWS profile).
    region: region ?? (endpoint === undefined ? undefined : 'us-east-1'),
    endpoint,
    forcePathStyle: options.forcePathStyle ?? endpoint !== undefined,
    credentials:
      accessKeyId !== undefined && secretAccessKey !== undefined
        ? { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
        : undefined,
  }
}
