// What deploy/ ships: every file parses, what they name is there, the configurations are ones that Tidemark takes, and
// nothing runs with more rights than it needs. test/live/deploy.live.ts asks the tools themselves.
import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { policyOf } from '../../src/commands/iam-policy.ts'
import { parseConfig } from '../../src/config/config.ts'

const root = path.resolve(import.meta.dirname, '../..')
const deploy = path.join(root, 'deploy')
const text = (file: string): string => fs.readFileSync(path.join(deploy, file), 'utf8')

type Yaml = Record<string, any>
const documents = (file: string): Yaml[] =>
  parseAllDocuments(text(file), { strict: true, uniqueKeys: true }).map((document) => {
    if (document.errors.length > 0) throw document.errors[0]!
    return document.toJS() as Yaml
  })
const one = (file: string): Yaml => documents(file)[0]!

test.for(fs.globSync('**/*.{yaml,yml}', { cwd: deploy }))('%s parses', (file) => {
  expect(documents(file).length).toBeGreaterThan(0)
})

test.for(['compose/tidemark.yaml', 'kubernetes/tidemark.yaml'])('%s is a configuration', (file) => {
  const { config } = parseConfig(file, text(file), {
    env: () => 'a-token-long-enough',
    file: () => 'a-token-long-enough',
  })

  expect(config.api.listen).toBe('0.0.0.0:9464')
  expect(config.state).toBe('/var/lib/tidemark')
  expect(config.sources.filter((source) => source.type === 'push' && !('token' in source))).toEqual([])
})

test('compose: what is mounted is there, ports are on loopback, Tidemark writes to its volume only', () => {
  const { services, volumes } = one('compose/compose.yaml')
  const mounts = Object.values<Yaml>(services).flatMap((service) => (service['volumes'] ?? []) as string[])
  const here = mounts.map((mount) => mount.split(':')[0]!).filter((source) => source.startsWith('.'))
  const named = mounts.map((mount) => mount.split(':')[0]!).filter((source) => !source.startsWith('.'))

  expect(here.filter((source) => !fs.existsSync(path.join(deploy, 'compose', source)))).toEqual([])
  expect(named.toSorted()).toEqual(Object.keys(volumes).toSorted())
  expect(Object.values<Yaml>(services).flatMap((service) => service['ports'])).toEqual([
    '127.0.0.1:9464:9464',
    '127.0.0.1:9090:9090',
    '127.0.0.1:3000:3000',
  ])
  expect(services.tidemark).toMatchObject({
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
  })
})

test('Grafana gets both data sources and the dashboards that are committed', () => {
  const { datasources } = one('compose/grafana/datasources.yaml')
  const { services } = one('compose/compose.yaml')

  expect(datasources.map(({ type, url }: Yaml) => [type, url])).toEqual([
    ['prometheus', 'http://prometheus:9090'],
    ['prometheus', 'http://tidemark:9464'],
  ])
  const [provider] = one('compose/grafana/dashboards.yaml')['providers']
  expect(services.grafana.volumes).toContain(`../../dashboards:${provider.options.path}:ro`)
})

test('the rules for the Prometheus operator are those of rules/', async () => {
  const groups = fs
    .globSync('rules/*.yaml', { cwd: root })
    .toSorted()
    .flatMap((file) => parse(fs.readFileSync(path.join(root, file), 'utf8')).groups as Yaml[])
  const rule = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'tidemark', namespace: 'tidemark' },
    spec: { groups },
  }
  const header = '# The rules of rules/*.yaml; npm run golden writes this file.\n'

  await expect(header + stringify(rule, { lineWidth: 0 })).toMatchFileSnapshot(
    path.join(deploy, 'kubernetes/prometheus-operator/prometheusrule.yaml'),
  )
})

test('Kubernetes: restricted, read-only, probed without a token, resources that there are', () => {
  const { resources, configMapGenerator } = one('kubernetes/kustomization.yaml')
  const named = [...resources, ...configMapGenerator.flatMap(({ files }: Yaml) => files as string[])]
  expect(named.filter((file: string) => !fs.existsSync(path.join(deploy, 'kubernetes', file)))).toEqual([])

  const [set] = documents('kubernetes/statefulset.yaml')
  const pod = set!['spec'].template.spec
  const [container] = pod.containers
  expect(set!['spec'].replicas).toBe(1)
  expect(pod.securityContext).toMatchObject({
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  })
  expect(container.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  })
  expect([container.livenessProbe.httpGet.path, container.readinessProbe.httpGet.path]).toEqual([
    '/-/healthy',
    '/-/ready',
  ])
  const volumes = [...pod.volumes, ...set!['spec'].volumeClaimTemplates.map(({ metadata }: Yaml) => metadata)]
  const names = volumes.map(({ name }: Yaml) => name as string)
  expect(container.volumeMounts.map(({ name }: Yaml) => name as string).toSorted()).toEqual(names.toSorted())
})

test('the image: what it copies is there, it runs without root', () => {
  const lines = text('Dockerfile').split('\n')
  const copied = lines
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
    .flatMap((line) => line.split(' ').slice(1, -1))

  expect(copied.filter((file) => !fs.existsSync(path.join(root, file)))).toEqual([])
  expect(copied).toEqual(expect.arrayContaining(['package-lock.json', 'src', 'rules', 'prices']))
  expect(lines.findLast((line) => line.startsWith('USER '))).toBe('USER 10001:10001')
  expect(lines).toContain('ENTRYPOINT ["node", "/opt/tidemark/dist/main.js"]')
})

test('systemd: one writable place, no new rights', () => {
  const unit = new Map(
    text('systemd/tidemark.service')
      .split('\n')
      .flatMap((line) => {
        const found = /^(\w+)=(.*)$/.exec(line)
        return found === null ? [] : [[found[1]!, found[2]!] as const]
      }),
  )

  expect(Object.fromEntries(unit)).toMatchObject({
    StateDirectory: 'tidemark',
    DynamicUser: 'yes',
    NoNewPrivileges: 'yes',
    ProtectSystem: 'strict',
    CapabilityBoundingSet: '',
    MemoryMax: '2G',
  })
})

test('Terraform allows reading and telling, and where asked to writing one namespace of metrics', () => {
  const actions = [...text('terraform/main.tf').matchAll(/actions\s*=\s*\[([^\]]*)\]/g)].flatMap(([, list]) =>
    [...list!.matchAll(/"([^"]+)"/g)].map(([, action]) => action!),
  )

  const source = 'sources: [{ name: b, type: s3, buckets: [lake], versions: true }]'
  const config = parseConfig(path.join(root, 'deploy.yaml'), source, { env: () => undefined, file: () => '' })
  const bucketActions = policyOf(config)!.Statement.flatMap(({ Action }) => Action)

  expect(actions).toEqual([
    's3:ListBucket',
    's3:GetObject',
    // An s3 source asks the same of its buckets as doctor prints for it.
    ...bucketActions,
    's3:ListBucket',
    's3:GetObject',
    'cloudwatch:GetMetricData',
    'cloudwatch:ListMetrics',
    'cloudwatch:PutMetricData',
    'sns:Publish',
  ])
  expect(text('terraform/main.tf')).toMatch(/PutMetricData[^}]*condition \{[^}]*"cloudwatch:namespace"/)
})
