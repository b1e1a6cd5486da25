// What is worth knowing of AWS's services: one preset a service, with the metrics as AWS names them.
import type { MetricName } from '../../io/cloudwatch.ts'
import { MINUTE, type Millis, millis } from '../../model/units.ts'

/** A metric of a service and what it is taken for. */
export interface WantedMetric {
  readonly metric: string
  readonly statistic: string
  readonly unit: string
}

/** Metrics of one namespace that describe one kind of resource. */
export interface Selection {
  readonly service: string
  readonly namespace: string
  readonly metrics: readonly WantedMetric[]
  readonly period: Millis
  /** The resource a metric is about; null where it is about something else (a sum over all, a part of one). */
  readonly resourceOf: (dimensions: MetricName['dimensions']) => string | null
}

const PERIOD = millis(5 * MINUTE)

const of = (statistic: string, unit: string, ...metrics: string[]): WantedMetric[] =>
  metrics.map((metric) => ({ metric, statistic, unit }))

/** Exactly these dimensions, whose values joined are the resource. */
const named =
  (...names: readonly string[]) =>
  (dimensions: MetricName['dimensions']): string | null =>
    Object.keys(dimensions).length === names.length && names.every((name) => dimensions[name] !== undefined)
      ? names.map((name) => dimensions[name]).join('/')
      : null

const selection = (
  service: string,
  namespace: string,
  resourceOf: Selection['resourceOf'],
  ...metrics: readonly WantedMetric[][]
): Selection => ({ service, namespace, resourceOf, period: PERIOD, metrics: metrics.flat() })

/** Of a Glue job all runs and executors together. */
const glueJob: Selection['resourceOf'] = ({ JobName, JobRunId, Type, ...rest }) =>
  JobName !== undefined && JobRunId === 'ALL' && Type !== undefined && Object.keys(rest).length === 0
    ? JobName
    : null

/** `arn:aws:states:eu-west-1:1:stateMachine:nightly` is known as `nightly`. */
const stateMachine: Selection['resourceOf'] = (dimensions) =>
  named('StateMachineArn')(dimensions)?.split(':').at(-1) ?? null

/** What the agent adds to an instance, as it is told to. */
const OF_AGENT = ['InstanceId', 'ImageId', 'InstanceType', 'AutoScalingGroupName']
const agentHost: Selection['resourceOf'] = (dimensions) =>
  Object.keys(dimensions).every((name) => OF_AGENT.includes(name)) ? (dimensions['InstanceId'] ?? null) : null

export const PRESETS = {
  emr: [
    selection(
      'emr',
      'AWS/ElasticMapReduce',
      named('JobFlowId'),
      of('Minimum', 'percent', 'YARNMemoryAvailablePercentage'),
      of('Average', 'ratio', 'IsIdle'),
      of('Maximum', 'ratio', 'ContainerPendingRatio'),
      of('Maximum', 'count', 'AppsRunning', 'AppsPending', 'CoreNodesRunning', 'TaskNodesRunning'),
      of('Maximum', 'percent', 'HDFSUtilization'),
    ),
  ],
  glue: [
    selection(
      'glue',
      'Glue',
      glueJob,
      of('Maximum', 'ratio', 'glue.driver.jvm.heap.usage', 'glue.ALL.jvm.heap.usage'),
      of('Maximum', 'ratio', 'glue.driver.system.cpuSystemLoad', 'glue.ALL.system.cpuSystemLoad'),
      of(
        'Maximum',
        'count',
        'glue.driver.ExecutorAllocationManager.executors.numberAllExecutors',
        'glue.driver.ExecutorAllocationManager.executors.numberMaxNeededExecutors',
      ),
      of('Sum', 'milliseconds', 'glue.driver.aggregate.elapsedTime'),
      of(
        'Sum',
        'count',
        'glue.driver.aggregate.numCompletedTasks',
        'glue.driver.aggregate.numFailedTasks',
        'glue.driver.aggregate.numKilledTasks',
      ),
      of('Sum', 'bytes', 'glue.driver.aggregate.bytesRead', 'glue.driver.aggregate.shuffleBytesWritten'),
    ),
  ],
  msk: [
    selection(
      'msk',
      'AWS/Kafka',
      named('Cluster Name', 'Broker ID'),
      of('Maximum', 'percent', 'CpuUser', 'CpuSystem', 'KafkaDataLogsDiskUsed'),
      of('Average', 'bytes/second', 'BytesInPerSec', 'BytesOutPerSec'),
      of('Maximum', 'count', 'UnderReplicatedPartitions', 'PartitionCount'),
    ),
    selection(
      'msk',
      'AWS/Kafka',
      named('Cluster Name'),
      of('Maximum', 'count', 'ActiveControllerCount', 'OfflinePartitionsCount'),
    ),
  ],
  kinesis: [
    selection(
      'kinesis',
      'AWS/Kinesis',
      named('StreamName'),
      of('Maximum', 'milliseconds', 'GetRecords.IteratorAgeMilliseconds'),
      of('Sum', 'bytes', 'IncomingBytes', 'GetRecords.Bytes'),
      of('Sum', 'count', 'IncomingRecords'),
      of('Sum', 'count', 'WriteProvisionedThroughputExceeded', 'ReadProvisionedThroughputExceeded'),
    ),
  ],
  firehose: [
    selection(
      'firehose',
      'AWS/Firehose',
      named('DeliveryStreamName'),
      of('Maximum', 'seconds', 'DeliveryToS3.DataFreshness'),
      of('Average', 'ratio', 'DeliveryToS3.Success'),
      of('Sum', 'bytes', 'IncomingBytes', 'DeliveryToS3.Bytes'),
      of('Sum', 'count', 'IncomingRecords', 'ThrottledRecords'),
    ),
  ],
  lambda: [
    selection(
      'lambda',
      'AWS/Lambda',
      named('FunctionName'),
      of('Sum', 'count', 'Invocations', 'Errors', 'Throttles'),
      of('Maximum', 'milliseconds', 'Duration', 'IteratorAge'),
      of('Maximum', 'count', 'ConcurrentExecutions'),
    ),
  ],
  'step-functions': [
    selection(
      'step-functions',
      'AWS/States',
      stateMachine,
      of('Sum', 'count', 'ExecutionsStarted', 'ExecutionsSucceeded', 'ExecutionsFailed'),
      of('Sum', 'count', 'ExecutionsAborted', 'ExecutionsTimedOut', 'ExecutionThrottled'),
      of('Maximum', 'milliseconds', 'ExecutionTime'),
    ),
  ],
  ec2: [
    selection(
      'ec2',
      'AWS/EC2',
      named('InstanceId'),
      of('Maximum', 'percent', 'CPUUtilization'),
      of('Sum', 'bytes', 'NetworkIn', 'NetworkOut', 'EBSReadBytes', 'EBSWriteBytes'),
    ),
    selection('ec2', 'CWAgent', agentHost, of('Maximum', 'percent', 'mem_used_percent')),
  ],
} as const satisfies Readonly<Record<string, readonly Selection[]>>

export const PRESET_NAMES = Object.keys(PRESETS) as Array<keyof typeof PRESETS>
