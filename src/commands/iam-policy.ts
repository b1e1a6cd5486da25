// The least that AWS must allow for a configuration: what is read, and the topics that are told.
import type { LoadedConfig } from '../config/config.ts'

export interface Statement {
  readonly Sid: string
  readonly Effect: 'Allow'
  readonly Action: readonly string[]
  readonly Resource: readonly string[] | '*'
  readonly Condition?: object
}

export interface Policy {
  readonly Version: '2012-10-17'
  readonly Statement: readonly Statement[]
}

/** What each type of source asks of AWS beside the objects that its paths name. None of it writes. */
const ACCOUNT_WIDE: Readonly<Record<string, readonly string[]>> = {
  'aws-pricing': ['pricing:GetProducts'],
  cloudwatch: ['cloudwatch:GetMetricData', 'cloudwatch:ListMetrics'],
  s3: ['cloudwatch:GetMetricStatistics'],
}
/** What a source of buckets asks of each: settings, and what was begun and never finished. */
const OF_BUCKETS = [
  's3:GetBucketLocation',
  's3:GetBucketObjectLockConfiguration',
  's3:GetBucketVersioning',
  's3:GetLifecycleConfiguration',
  's3:GetReplicationConfiguration',
  's3:ListBucketMultipartUploads',
]
/** Fields of it that name where S3 delivers reports: they are listed and read there. */
const REPORTS = ['inventory', 'access_logs', 'storage_analysis']

/** Null where nothing of it is in AWS. */
export function policyOf({ config, notify }: LoadedConfig): Policy | null {
  const sources: ReadonlyArray<Readonly<Record<string, unknown>>> = config.sources
  const statements = [
    ...sources.flatMap((source) => [...objectStatements(source), ...bucketStatements(source)]),
    ...sources.flatMap(({ name, type }) => {
      const actions = ACCOUNT_WIDE[String(type)]
      return actions === undefined
        ? []
        : [allow(`${type === 'aws-pricing' ? '' : 'Metrics'}${sid(name)}`, actions, '*')]
    }),
    ...exportStatements(config.telemetry.cloudwatch),
    ...topicStatements(notify.receivers),
  ]
  return statements.length === 0 ? null : { Version: '2012-10-17', Statement: statements }
}

/** Paths of S3: listing below the prefix, reading below it. */
function objectStatements(source: Readonly<Record<string, unknown>>): Statement[] {
  const name = sid(source['name'])
  return ['path', ...REPORTS].flatMap((field) =>
    placeStatements(source[field], field === 'path' ? name : `${name}${sid(field)}`),
  )
}

function placeStatements(location: unknown, name: string): Statement[] {
  const found = typeof location === 'string' ? /^s3a?:\/\/([^/]+)\/?(.*?)\/*$/.exec(location) : null
  if (found === null) return []
  const [, bucket = '', prefix = ''] = found
  const below = prefix === '' ? '*' : `${prefix}/*`
  return [
    {
      ...allow(`List${name}`, ['s3:ListBucket'], [`arn:aws:s3:::${bucket}`]),
      ...(prefix === '' ? {} : { Condition: { StringLike: { 's3:prefix': [prefix, `${prefix}/`, below] } } }),
    },
    allow(`Read${name}`, ['s3:GetObject'], [`arn:aws:s3:::${bucket}/${below}`]),
  ]
}

function bucketStatements({ type, name, buckets, versions }: Readonly<Record<string, unknown>>): Statement[] {
  if (type !== 's3' || !Array.isArray(buckets)) return []
  const arns = buckets.map((bucket: unknown) => `arn:aws:s3:::${String(bucket)}`)
  const actions = versions === true ? [...OF_BUCKETS, 's3:ListBucketVersions'] : OF_BUCKETS
  return [
    allow(`Buckets${sid(name)}`, actions, arns),
    allow(
      `Uploads${sid(name)}`,
      ['s3:ListMultipartUploadParts'],
      arns.map((arn) => `${arn}/*`),
    ),
  ]
}

/** CloudWatch's only bound on writing: the namespace. */
function exportStatements(to: LoadedConfig['config']['telemetry']['cloudwatch']): Statement[] {
  if (to === undefined) return []
  const namespaces = [to.namespace, `${to.namespace}/*`]
  return [
    {
      ...allow('WriteMetrics', ['cloudwatch:PutMetricData'], '*'),
      Condition: { StringLike: { 'cloudwatch:namespace': namespaces } },
    },
  ]
}

function topicStatements(receivers: LoadedConfig['notify']['receivers']): Statement[] {
  const topics = receivers.flatMap((receiver) => {
    const blocks = ((receiver as Record<string, unknown>)['sns_configs'] ?? []) as Array<{
      topic_arn?: string
    }>
    return blocks.flatMap(({ topic_arn: arn }) => arn ?? [])
  })
  return topics.length === 0 ? [] : [allow('Notify', ['sns:Publish'], [...new Set(topics)])]
}

const allow = (Sid: string, Action: readonly string[], Resource: readonly string[] | '*'): Statement => ({
  Sid,
  Effect: 'Allow',
  Action,
  Resource,
})

/** Statement ids are letters and digits. */
const sid = (name: unknown): string =>
  String(name)
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('')
