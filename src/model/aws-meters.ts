// AWS's words for what it counts → meters of the price book. Bills and the public price list share these words.

export interface AwsMeter {
  /** As in prices/aws.json. */
  readonly meter: string
  /** How many of AWS's units one of the book's is: the book prices requests by the thousand. */
  readonly units: number
}

const REQUESTS = 1_000
const MILLION = 1_000_000

const one = (meter: string, units = 1): AwsMeter => ({ meter, units })

/** By service code, the usage type without its region, and the operation where the usage type alone says too little. */
const METERS: Readonly<Record<string, Readonly<Record<string, AwsMeter>>>> = {
  AmazonS3: {
    'TimedStorage-ByteHrs': one('s3.STANDARD.storage'),
    'TimedStorage-INT-FA-ByteHrs': one('s3.INTELLIGENT_TIERING.storage'),
    'TimedStorage-INT-IA-ByteHrs': one('s3.INTELLIGENT_TIERING.storage-infrequent'),
    'TimedStorage-INT-AIA-ByteHrs': one('s3.INTELLIGENT_TIERING.storage-archive-instant'),
    'TimedStorage-INT-AA-ByteHrs': one('s3.INTELLIGENT_TIERING.storage-archive'),
    'TimedStorage-INT-DAA-ByteHrs': one('s3.INTELLIGENT_TIERING.storage-deep-archive'),
    'TimedStorage-SIA-ByteHrs': one('s3.STANDARD_IA.storage'),
    'TimedStorage-ZIA-ByteHrs': one('s3.ONEZONE_IA.storage'),
    'TimedStorage-GIR-ByteHrs': one('s3.GLACIER_IR.storage'),
    'TimedStorage-GlacierByteHrs': one('s3.GLACIER.storage'),
    'TimedStorage-GDA-ByteHrs': one('s3.DEEP_ARCHIVE.storage'),
    'Requests-Tier1': one('s3.STANDARD.put', REQUESTS),
    'Requests-Tier2': one('s3.STANDARD.get', REQUESTS),
    'Requests-INT-Tier1': one('s3.INTELLIGENT_TIERING.put', REQUESTS),
    'Requests-INT-Tier2': one('s3.INTELLIGENT_TIERING.get', REQUESTS),
    'Requests-SIA-Tier1': one('s3.STANDARD_IA.put', REQUESTS),
    'Requests-SIA-Tier2': one('s3.STANDARD_IA.get', REQUESTS),
    'Requests-ZIA-Tier1': one('s3.ONEZONE_IA.put', REQUESTS),
    'Requests-ZIA-Tier2': one('s3.ONEZONE_IA.get', REQUESTS),
    'Requests-GIR-Tier1': one('s3.GLACIER_IR.put', REQUESTS),
    'Requests-GIR-Tier2': one('s3.GLACIER_IR.get', REQUESTS),
    'Requests-GLACIER-Tier1 PutObject': one('s3.GLACIER.put', REQUESTS),
    'Requests-GLACIER-Tier2': one('s3.GLACIER.get', REQUESTS),
    'Requests-GDA-Tier1': one('s3.DEEP_ARCHIVE.put', REQUESTS),
    'Requests-GDA-Tier2': one('s3.DEEP_ARCHIVE.get', REQUESTS),
    'Requests-Tier3 RestoreObject': one('s3.GLACIER.restore', REQUESTS),
    'Requests-GDA-Tier3': one('s3.DEEP_ARCHIVE.restore', REQUESTS),
    'Requests-GDA-Tier5': one('s3.DEEP_ARCHIVE.restore-bulk', REQUESTS),
    'Retrieval-SIA': one('s3.STANDARD_IA.retrieval'),
    'Retrieval-ZIA': one('s3.ONEZONE_IA.retrieval'),
    'Retrieval-GIR': one('s3.GLACIER_IR.retrieval'),
    'Retrieval-SIA-GIR': one('s3.GLACIER_IR.retrieval'),
    'Standard-Retrieval-Bytes RestoreObject': one('s3.GLACIER.retrieval'),
    'Standard-Retrieval-Bytes DeepArchiveRestoreObject': one('s3.DEEP_ARCHIVE.retrieval'),
    'Monitoring-Automation-INT': one('s3.INTELLIGENT_TIERING.monitoring', REQUESTS),
    'Inventory-ObjectsListed': one('s3.inventory', MILLION),
    'StorageAnalytics-ObjCount': one('s3.storage-class-analysis', MILLION),
    ' S3-SIATransition': one('s3.STANDARD_IA.transition', REQUESTS),
    ' S3-ZIATransition': one('s3.ONEZONE_IA.transition', REQUESTS),
    ' S3-INTTransition': one('s3.INTELLIGENT_TIERING.transition', REQUESTS),
    ' S3-GIRTransition': one('s3.GLACIER_IR.transition', REQUESTS),
    ' S3-GlacierTransition': one('s3.GLACIER.transition', REQUESTS),
    ' S3-GDATransition': one('s3.DEEP_ARCHIVE.transition', REQUESTS),
  },
  AmazonEC2: {
    'EBS:VolumeUsage.gp3': one('ebs.gp3'),
    'EBS:VolumeUsage.gp2': one('ebs.gp2'),
    'EBS:VolumeUsage.st1': one('ebs.st1'),
    'NatGateway-Hours': one('nat.hour'),
    'NatGateway-Bytes': one('nat.processed'),
  },
  ElasticMapReduce: {
    'EMR-SERVERLESS-vCPUHours': one('emr-serverless.vcpu'),
    'EMR-SERVERLESS-MemoryGBHours': one('emr-serverless.memory'),
    'EMR-SERVERLESS-ARM-vCPUHours': one('emr-serverless-arm.vcpu'),
    'EMR-SERVERLESS-ARM-MemoryGBHours': one('emr-serverless-arm.memory'),
  },
  AWSGlue: {
    'ETL-DPU-Hour': one('glue.dpu'),
    'ETL-Flex-DPU-Hour': one('glue-flex.dpu'),
    'Catalog-Request': one('glue.catalog-requests', MILLION),
  },
  AmazonAthena: { DataScannedInTB: one('athena.scanned') },
  AWSLambda: {
    'Lambda-GB-Second': one('lambda.x86'),
    'Lambda-GB-Second-ARM': one('lambda.arm'),
    Request: one('lambda.requests', MILLION),
  },
  AmazonCloudWatch: {
    'CW:MetricMonitorUsage': one('cloudwatch.metric'),
    'DataProcessing-Bytes': one('cloudwatch.logs'),
  },
}

/** FOCUS names services in words, CUR by their codes. */
const CODES: Readonly<Record<string, string>> = {
  'Amazon Simple Storage Service': 'AmazonS3',
  'Amazon Elastic Compute Cloud': 'AmazonEC2',
  'Amazon Elastic Compute Cloud - Compute': 'AmazonEC2',
  'EC2 - Other': 'AmazonEC2',
  'Amazon Elastic MapReduce': 'ElasticMapReduce',
  'AWS Glue': 'AWSGlue',
  'Amazon Athena': 'AmazonAthena',
  'AWS Lambda': 'AWSLambda',
  AmazonCloudWatch: 'AmazonCloudWatch',
  'Amazon CloudWatch': 'AmazonCloudWatch',
}

export const serviceCode = (service: string): string =>
  Object.hasOwn(CODES, service) ? CODES[service]! : service

/** `EUC1-Requests-Tier1` → `Requests-Tier1`: usage types of all regions but the first begin with theirs. */
const withoutRegion = (usageType: string): string => usageType.replace(/^(?:[A-Z]{2,4}\d|EU)-/, '')

const INSTANCES: ReadonlyArray<readonly [service: string, pattern: RegExp, meter: (type: string) => string]> =
  [
    // HeavyUsage is BoxUsage that a reservation covers.
    ['AmazonEC2', /^(?:BoxUsage|HeavyUsage):(\w[\w.-]*)$/, (type) => `ec2.${type}.ondemand`],
    ['AmazonEC2', /^SpotUsage:(\w[\w.-]*)$/, (type) => `ec2.${type}.spot`],
    ['ElasticMapReduce', /^BoxUsage:(\w[\w.-]*)$/, (type) => `emr.${type}.uplift`],
  ]

/** Undefined where the price book has no meter for it. `service`: its code or its name in FOCUS. */
export function awsMeter(service: string, usageType: string, operation = ''): AwsMeter | undefined {
  const code = serviceCode(service)
  const type = withoutRegion(usageType)
  for (const [of, pattern, meter] of INSTANCES) {
    const [, instance] = (of === code && pattern.exec(type)) || []
    if (instance !== undefined) return one(meter(instance))
  }
  if (!Object.hasOwn(METERS, code)) return undefined
  const meters = METERS[code]!
  const known = [` ${operation}`, `${type} ${operation}`, type].find((word) => Object.hasOwn(meters, word))
  return known === undefined ? undefined : meters[known]
}

/** Every meter that the price list may have, instance types aside. */
export const awsMeters: readonly string[] = [
  ...new Set(Object.values(METERS).flatMap((meters) => Object.values(meters).map(({ meter }) => meter))),
]
