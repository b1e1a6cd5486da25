// What S3 (or the network before it) answered, as a SourceError and what to do about it. No secret gets in.
import { type Reason, SourceError } from '../model/errors.ts'
import { type Millis, type Timestamp, millis } from '../model/units.ts'

export interface Verdict {
  readonly error: SourceError
  /** Another try may help. */
  readonly retry: boolean
  /** Not before this long has passed, as the server asked. */
  readonly after: Millis | null
  /** What this says of the endpoint, for its breaker. */
  readonly endpoint: 'answered' | 'failed' | 'not asked'
}

export interface Asked {
  /** In S3's words: GetObject, HeadObject, ListObjectsV2. */
  readonly action: string
  readonly bucket: string
  readonly key: string
  readonly url: string
  /** For messages, without user and password. */
  readonly endpoint: string
  readonly now: Timestamp
}

/** The parts of an SDK or Node error that we look at. */
interface Foreign {
  readonly name?: string
  readonly code?: unknown
  readonly Code?: string
  readonly message?: unknown
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
  readonly cause?: unknown
}

const NETWORK = new Set(
  'ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH EPROTO ERR_STREAM_PREMATURE_CLOSE HPE_INVALID_CONSTANT ERR_SOCKET_CONNECTION_TIMEOUT'.split(
    ' ',
  ),
)
const THROTTLED = new Set([
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'RequestLimitExceeded',
  'TooManyRequestsException',
  'ServiceUnavailable',
  'BandwidthLimitExceeded',
])
const TIMED_OUT = new Set(['TimeoutError', 'RequestTimeout', 'ETIMEDOUT', 'ESOCKETTIMEDOUT'])

/** Only what this machine said is repeated, never what a server wrote: it may echo what was signed. */
function quoted({ message, $metadata }: Foreign): string {
  if (typeof message !== 'string' || message === '' || $metadata?.httpStatusCode !== undefined) return ''
  return ` (${message.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, 200)})`
}

/** IAM calls what is allowed by other names than the API calls what is asked. */
const BUCKET_PERMISSIONS: Readonly<Record<string, string>> = {
  ListObjectsV2: 's3:ListBucket',
  ListObjectVersions: 's3:ListBucketVersions',
  ListMultipartUploads: 's3:ListBucketMultipartUploads',
  GetBucketLocation: 's3:GetBucketLocation',
  GetBucketVersioning: 's3:GetBucketVersioning',
  GetBucketReplication: 's3:GetReplicationConfiguration',
  GetObjectLockConfiguration: 's3:GetBucketObjectLockConfiguration',
  GetLifecycleConfiguration: 's3:GetLifecycleConfiguration',
  PutLifecycleConfiguration: 's3:PutLifecycleConfiguration',
}
const OBJECT_PERMISSIONS: Readonly<Record<string, string>> = { ListParts: 's3:ListMultipartUploadParts' }

function permission({ action, bucket, key }: Asked): string {
  const ofBucket = BUCKET_PERMISSIONS[action]
  if (ofBucket !== undefined) return `${ofBucket} on arn:aws:s3:::${bucket}`
  return `${OBJECT_PERMISSIONS[action] ?? 's3:GetObject'} on arn:aws:s3:::${bucket}/${key || '*'}`
}

const CREDENTIALS: Readonly<Record<string, string>> = {
  InvalidAccessKeyId: 'the access key is not known there',
  SignatureDoesNotMatch: 'the secret key does not fit the access key, or a proxy changed the request',
  ExpiredToken: 'the session token has expired; renew the credentials',
  ExpiredTokenException: 'the session token has expired; renew the credentials',
  InvalidToken: 'the session token is not valid',
  RequestTimeTooSkewed: "this machine's clock is more than 15 minutes off",
  CredentialsProviderError:
    'no AWS credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, or run with a role',
}

/** Retry-After: seconds or an HTTP date. */
function retryAfter(error: Foreign, now: Timestamp): Millis | null {
  const header = error.$response?.headers?.['retry-after']
  if (header === undefined) return null
  const seconds = /^\d{1,6}$/.test(header) ? Number(header) : (Date.parse(header) - now) / 1_000
  return Number.isFinite(seconds) ? millis(Math.max(0, seconds * 1_000)) : null
}

function denial(name: string, asked: Asked): string {
  const why = CREDENTIALS[name]
  if (why !== undefined) return `${asked.action} ${asked.url} was refused: ${why}`
  const hint =
    asked.key === '' || asked.action in BUCKET_PERMISSIONS
      ? ''
      : `; without s3:ListBucket on arn:aws:s3:::${asked.bucket} S3 says the same of a key that does not exist`
  return `${asked.action} ${asked.url} was denied (${name}): the credentials need ${permission(asked)}${hint}`
}

interface Seen {
  readonly name: string
  readonly code: string
  readonly status: number | undefined
  readonly foreign: Foreign
}

type Finding = Pick<Verdict, 'retry' | 'endpoint'> & { readonly reason: Reason; readonly message: string }

/** An answer that repeating would not change. */
const settled = (reason: Reason, message: string): Finding => ({
  reason,
  message,
  retry: false,
  endpoint: 'answered',
})
const transient = (reason: Reason, message: string, endpoint: Verdict['endpoint'] = 'failed'): Finding => ({
  reason,
  message,
  retry: true,
  endpoint,
})

/** The request was understood and refused, or asked for what is not there. */
function findRefusal({ name, status, foreign }: Seen, asked: Asked): Finding | undefined {
  const { action, url, bucket, endpoint } = asked
  // Not «missing»: that a bucket is gone must not read as «this object is not there yet».
  if (name === 'NoSuchBucket')
    return settled(
      'unreachable',
      `The bucket ${bucket} does not exist at ${endpoint}; check its name and region`,
    )
  if (name === 'CredentialsProviderError')
    return { ...settled('denied', denial(name, asked)), endpoint: 'not asked' }
  if (name in CREDENTIALS || status === 401 || status === 403) return settled('denied', denial(name, asked))
  if (name === 'NoSuchKey' || name === 'NotFound' || status === 404)
    return settled('missing', `${url} does not exist`)
  if (status === 301 || status === 307 || name === 'AuthorizationHeaderMalformed') {
    const region = foreign.$response?.headers?.['x-amz-bucket-region'] ?? ''
    const where = /^[\w-]{1,40}$/.test(region) ? `the region ${region}` : 'another region'
    return settled(
      'unreachable',
      `The bucket ${bucket} is in ${where}; set region of the source, or AWS_REGION`,
    )
  }
  if (status === 412) return settled('vanished', `${url} was replaced while it was read`)
  if (status === 416)
    return settled('corrupt', `${url} is shorter than what was asked of it: ${action} found its end`)
  return undefined
}

/** The endpoint or the way to it is in trouble; another try may find it well. */
function findTrouble({ name, code, status, foreign }: Seen, asked: Asked): Finding | undefined {
  const { action, url, endpoint } = asked
  const said = quoted(foreign)
  // The SDK names a connection that was reset a TimeoutError, too.
  if ((TIMED_OUT.has(name) || TIMED_OUT.has(code)) && !NETWORK.has(code))
    return transient('timeout', `${endpoint} did not answer ${action} ${url} in time${said}`)
  if (THROTTLED.has(name) || status === 429 || status === 503) {
    const message = `${endpoint} throttles: ${action} ${url} was answered ${status ?? ''} ${name}`
    return transient('throttled', message, 'answered')
  }
  if (NETWORK.has(code) || (status !== undefined && status >= 500 && status !== 501))
    return transient(
      'unreachable',
      `${endpoint} failed at ${action} ${url}: ${status ?? code} ${name}${said}`,
    )
  return undefined
}

function findOther({ name, status, foreign }: Seen, { action, url, endpoint }: Asked): Finding {
  const said = quoted(foreign)
  if (/Region is missing/.test(said)) {
    const message = `No AWS region is known for ${url}; set region of the source, or AWS_REGION`
    return { ...settled('unreachable', message), endpoint: 'not asked' }
  }
  return status !== undefined && status >= 400
    ? settled('unsupported', `${action} ${url} was answered ${status} ${name}${said}`)
    : transient('unreachable', `${endpoint} did not answer ${action} ${url} as S3 does: ${name}${said}`)
}

/** What happened, from what the SDK threw. */
export function judge(thrown: unknown, asked: Asked): Verdict {
  if (thrown instanceof SourceError) return { error: thrown, retry: false, after: null, endpoint: 'answered' }
  const foreign = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as Foreign
  const seen: Seen = {
    foreign,
    name:
      [foreign.Code, foreign.name].find((n) => typeof n === 'string' && /^[\w.-]{1,80}$/.test(n)) ?? 'error',
    code: typeof foreign.code === 'string' ? foreign.code : '',
    status: foreign.$metadata?.httpStatusCode,
  }
  const { reason, message, retry, endpoint } =
    findRefusal(seen, asked) ?? findTrouble(seen, asked) ?? findOther(seen, asked)
  return {
    error: new SourceError(reason, message, { subject: asked.url }),
    retry,
    after: retry ? retryAfter(foreign, asked.now) : null,
    endpoint,
  }
}
