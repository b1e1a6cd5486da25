// doctor: the policy that follows from a configuration, and what it says of what it cannot reach.
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { expect, test } from 'vitest'
import { policyOf } from '../../src/commands/iam-policy.ts'
import { reachReceiver, reachSource } from '../../src/commands/reach.ts'
import { parseConfig } from '../../src/config/config.ts'
import { createEgress } from '../../src/io/egress.ts'
import { createIo } from '../../src/io/io.ts'
import { createLog } from '../../src/io/log.ts'
import { MINUTE } from '../../src/model/units.ts'
import { fakeClock } from '../io/fake-clock.ts'
import { NOW } from '../model/a-table.ts'

const parse = (text: string) =>
  parseConfig(path.resolve(import.meta.dirname, '../../examples/doctor.yaml'), text, {
    env: () => undefined,
    file: () => '',
  })
const signal = new AbortController().signal

test('the policy lists and reads what the paths name, publishes to the topics, and writes nothing', () => {
  const policy = policyOf(
    parse(`
sources:
  - { name: gold-lake, type: lake, path: 's3://company-lake/gold/' }
  - { name: all, type: lake, path: s3://other }
  - { name: here, type: lake, path: lake }
notify:
  route: { receiver: oncall }
  receivers:
    - name: oncall
      sns_configs:
        - { topic_arn: 'arn:aws:sns:eu-west-1:123456789012:alerts', sigv4: { region: eu-west-1 } }
        - { topic_arn: 'arn:aws:sns:eu-west-1:123456789012:alerts', sigv4: { region: eu-west-1 } }
`),
  )

  expect(
    policy?.Statement.map(({ Sid, Action, Resource, Condition }) => [Sid, Action, Resource, Condition]),
  ).toEqual([
    [
      'ListGoldLake',
      ['s3:ListBucket'],
      ['arn:aws:s3:::company-lake'],
      { StringLike: { 's3:prefix': ['gold', 'gold/', 'gold/*'] } },
    ],
    ['ReadGoldLake', ['s3:GetObject'], ['arn:aws:s3:::company-lake/gold/*'], undefined],
    ['ListAll', ['s3:ListBucket'], ['arn:aws:s3:::other'], undefined],
    ['ReadAll', ['s3:GetObject'], ['arn:aws:s3:::other/*'], undefined],
    ['Notify', ['sns:Publish'], ['arn:aws:sns:eu-west-1:123456789012:alerts'], undefined],
  ])
  expect(policy?.Version).toBe('2012-10-17')
})

test('buckets: their settings, unfinished uploads, metrics, and the reports that S3 delivers', () => {
  const policy = policyOf(
    parse(`
sources:
  - name: store
    type: s3
    buckets: [company-lake, archive]
    versions: true
    inventory: s3://reports/inventory
    access_logs: s3://logs
`),
  )
  expect(policy?.Statement.map(({ Sid, Action, Resource }) => [Sid, Action, Resource])).toEqual([
    ['ListStoreInventory', ['s3:ListBucket'], ['arn:aws:s3:::reports']],
    ['ReadStoreInventory', ['s3:GetObject'], ['arn:aws:s3:::reports/inventory/*']],
    ['ListStoreAccessLogs', ['s3:ListBucket'], ['arn:aws:s3:::logs']],
    ['ReadStoreAccessLogs', ['s3:GetObject'], ['arn:aws:s3:::logs/*']],
    [
      'BucketsStore',
      [
        's3:GetBucketLocation',
        's3:GetBucketObjectLockConfiguration',
        's3:GetBucketVersioning',
        's3:GetLifecycleConfiguration',
        's3:GetReplicationConfiguration',
        's3:ListBucketMultipartUploads',
        's3:ListBucketVersions',
      ],
      ['arn:aws:s3:::company-lake', 'arn:aws:s3:::archive'],
    ],
    [
      'UploadsStore',
      ['s3:ListMultipartUploadParts'],
      ['arn:aws:s3:::company-lake/*', 'arn:aws:s3:::archive/*'],
    ],
    ['MetricsStore', ['cloudwatch:GetMetricStatistics'], '*'],
  ])
})

test('metrics may be read anywhere and written to their namespace only', () => {
  const policy = policyOf(
    parse('sources: [{ name: aws, type: cloudwatch }]\ntelemetry: { cloudwatch: { namespace: Data } }'),
  )
  expect(policy?.Statement).toEqual([
    {
      Sid: 'MetricsAws',
      Effect: 'Allow',
      Action: ['cloudwatch:GetMetricData', 'cloudwatch:ListMetrics'],
      Resource: '*',
    },
    {
      Sid: 'WriteMetrics',
      Effect: 'Allow',
      Action: ['cloudwatch:PutMetricData'],
      Resource: '*',
      Condition: { StringLike: { 'cloudwatch:namespace': ['Data', 'Data/*'] } },
    },
  ])
})

test('nothing in AWS needs no policy', () => {
  expect(policyOf(parse('sources: [{ name: here, type: lake, path: lake }]'))).toBeNull()
})

test('sources: one answers, one is not there, one is told things', async () => {
  const { config, base } = parse(`
sources:
  - { name: here, type: lake, path: lake }
  - { name: gone, type: lake, path: nowhere }
  - { name: jobs, type: push }
`)
  const clock = fakeClock(NOW)
  const io = createIo({ clock, log: createLog('silent'), base })
  const found = await Promise.all(
    config.sources.map((source) => reachSource(source, io, { now: NOW, signal })),
  )

  expect(found.map(({ name, state, told }) => `${name} ${state}: ${told.split(';')[0]}`)).toEqual([
    'here ok: answers',
    expect.stringMatching(/^gone bad: unreachable: The folder .*examples\/nowhere is not there$/),
    'jobs ok: is told things at POST /api/v1/runs',
  ])
  expect(config.sources[0]?.every).toBe(MINUTE)
})

test('receivers: one takes connections, one does not, one can only be tried', async () => {
  const server = net.createServer((socket) => socket.end())
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const { notify } = parse(`
sources: [{ name: here, type: lake, path: lake }]
notify:
  route: { receiver: oncall }
  receivers:
    - name: oncall
      webhook_configs: [{ url: 'http://127.0.0.1:${port}/secret-path' }]
      sns_configs: [{ topic_arn: 'arn:aws:sns:eu-west-1:123456789012:alerts', sigv4: { region: eu-west-1 } }]
`)
  const ask = () => reachReceiver(notify.receivers[0]!, createEgress(['127.0.0.0/8']), signal)

  const refused = (await reachReceiver(notify.receivers[0]!, createEgress([]), signal)).find(({ name }) =>
    name.includes('webhook'),
  )
  const before = (await ask()).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  await new Promise((resolve) => {
    server.close(resolve)
  })
  const after = (await ask()).toSorted((a, b) => (a.name < b.name ? -1 : 1))

  expect(before.map(({ name, state }) => [name, state])).toEqual([
    ['oncall/sns[0]', 'unknown'],
    ['oncall/webhook[0]', 'ok'],
  ])
  expect(refused?.told).toBe(
    `127.0.0.1:${port}: egress refused: 127.0.0.1 is a private address; if it is meant, add it to notify.egress.allow, such as [127.0.0.1/32]`,
  )
  expect(after[1]?.state).toBe('bad')
  expect(JSON.stringify([before, after])).not.toContain('secret-path')
})
