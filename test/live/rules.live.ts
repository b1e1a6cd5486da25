// Rules beside promtool, and rules whose data is in VictoriaMetrics: the same verdicts, texts and alerts as ours.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { createEgress } from '../../src/io/egress.ts'
import { createHttpClient } from '../../src/io/http.ts'
import { createPrometheusQuery } from '../../src/io/prometheus-query.ts'
import { MINUTE, millis, plus, timestamp } from '../../src/model/units.ts'
import { createEngine, memorySeries } from '../../src/promql/promql.ts'
import {
  type GroupPorts,
  type Query,
  createGroup,
  engineQuery,
  evaluateGroup,
  loadRuleFiles,
  textQuery,
} from '../../src/rules/rules.ts'
import { startServer } from './servers.ts'

const root = path.resolve(import.meta.dirname, '../..')
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-rules-'))
afterAll(() => fs.rmSync(folder, { recursive: true }))

const promtool = (...args: string[]): string => {
  try {
    return execFileSync('promtool', args, { cwd: root, encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    return `FAILED: ${stdout}${stderr}`
  }
}

test('the rules we ship load in promtool and pass their unit tests there', () => {
  expect(promtool('check', 'rules', ...fs.globSync('rules/*.yaml', { cwd: root }))).not.toContain('FAILED')
  expect(promtool('test', 'rules', ...fs.globSync('rules/tests/*.yaml', { cwd: root }))).not.toContain(
    'FAILED',
  )
})

/** Numbers that show where formats change: powers, ties, both ends. */
const NUMBERS = [
  '0',
  '-0',
  '1',
  '-1',
  '0.5',
  '0.001',
  '0.0001',
  '0.00001',
  '12345',
  '12355',
  '123456',
  '999.95',
  '1000',
  '1023',
  '1024',
  '1048576',
  '59.94',
  '60',
  '61',
  '3600',
  '86399',
  '86400',
  '90061',
  '1e6',
  '123456789.125',
  '-1234.5',
  '1e-10',
  '0.99999',
  '2.5',
  '3.5',
  '-0.05',
  '+Inf',
  '-Inf',
  'NaN',
]

const ON_NUMBERS = [
  '{{ $value }}',
  '{{ .Value | humanize }}',
  '{{ humanize1024 $value }}',
  '{{ humanizeDuration $value }}',
  '{{ humanizePercentage $value }}',
  '{{ printf "%.3f|%8.2f|%-8.1f|%+.1e|%g|%.3g|%08.3f" $value $value $value $value $value $value $value }}',
  '{{ printf "%d %s %q %5v %x" $value $value $value $value "hi" }}',
  '{{ if gt $value 10.0 }}more{{ else if eq $value 1.0 }}one{{ else }}less{{ end }} {{ lt $value 0.0 }}',
]

const ON_LABELS = [
  '{{ $labels.host | stripPort }} {{ $labels.host | stripDomain }} {{ .Labels.none }}|',
  '{{ $labels.words | title }} {{ toUpper $labels.words }} {{ toLower $labels.words }}',
  '{{ reReplaceAll "([a-z]+)-(?P<n>[0-9]+)" "${n}_$1" $labels.words }} {{ match "a.*z" $labels.words }}',
  '{{ range $k, $v := $labels }}{{ $k }}={{ $v }};{{ end }}',
  '{{ $labels }} {{ len $labels }} {{ index $labels "host" }} {{ slice $labels.host 1 3 }}',
  '{{- $x := 1 }}{{ range query "value" | sortByLabel "n" }}{{ if eq (label "n" .) "3" }}{{ $x = value . }}{{ end }}{{ end }}{{ $x }}',
  '{{ with query "value{n=\\"1\\"}" }}{{ . | first | value | humanize }}{{ end }}{{ with query "absent_metric" }}x{{ else }}none{{ end }}',
  '{{ define "t" }}[{{ .arg0 }}{{ template "u" .arg1 }}]{{ end }}{{ define "u" }}<{{ . }}>{{ end }}{{ template "t" (args 1 "b") }}',
  '{{ graphLink "up == 1" }} {{ tableLink "a{b=\\"c\\"}" }} {{ parseDuration "1h30m" }}',
  '{{ print 1 2 "a" "b" 3.5 }}{{ println "x" 1 }}{{ html "<a>&\'" }} {{ urlquery "a b/c" }} {{ js "it\'s \\"x\\"" }}',
  '{{ and 1 0 }} {{ or "" "x" }} {{ not 0 }} {{ eq 1 2 3 1 }} {{ ne "a" "b" }} {{ le 1 1 }} {{ ge 2.5 3.5 }}',
  '{{ 0x1F }} {{ 1e3 }} {{ \'a\' }} {{ `raw\\n` }} {{ "tab\\tq\\"" }} {{ true }} {{ printf "%t %c %U %08b %o %v" true 65 65 5 8 nil }}',
  '{{ "quoted" | printf "%q %10s %-10s| %.2s" "a" "b" "c" }}',
  '{{ 1435065584.128 | humanizeTimestamp }} {{ (1435065584.128 | toTime).Format "2006-01-02T15:04:05Z07:00 Mon Jan _2 3:04PM" }} {{ (toTime 0).Year }}',
  '{{/* c */ -}}   trimmed   {{- /* d */}} {{ block "z" $value }}{{ . }}{{ end }}',
  '{{ $externalLabels.cluster }} {{ .ExternalLabels.cluster }} {{ $externalURL }}',
  '{{ range $i, $e := query "value" | sortByLabel "n" }}{{ if gt $i 2 }}{{ break }}{{ end }}{{ if eq $i 1 }}{{ continue }}{{ end }}{{ $e.Labels.n }} {{ end }}',
  '{{ strvalue (first (query "value")) }}|{{ safeHtml "<b>" }}',
]

test('templates give the texts that Prometheus gives', async () => {
  const labels = { host: 'db.example.com:5432', words: 'abc-12 xyz ÄB' }
  const external = { labels: { cluster: 'eu' }, url: 'http://prom.example.com/sub/path' }
  const texts = [...ON_NUMBERS, ...ON_LABELS]
  const annotations = Object.fromEntries(texts.map((text, i) => [`a${i}`, text]))
  const rules = {
    groups: [{ name: 'g', rules: [{ alert: 'A', expr: 'value or value != value', annotations }] }],
  }
  fs.writeFileSync(path.join(folder, 'rules.yaml'), stringify(rules))

  const series = memorySeries()
  NUMBERS.forEach((number, n) => {
    const value =
      number === 'NaN' ? NaN : number.endsWith('Inf') ? Number(`${number[0]}Infinity`) : Number(number)
    series.load({ __name__: 'value', n: String(n), ...labels }, { timestamps: [0], values: [value] })
  })
  const ports: GroupPorts = {
    query: engineQuery(createEngine(series)),
    writer: memorySeries(),
    external,
    defaults: { interval: MINUTE, queryOffset: millis(0) },
    recorded: () => [],
    whereabouts: null,
  }
  const loaded = loadRuleFiles([{ path: 'rules.yaml', text: stringify(rules) }])
  expect(loaded.errors).toEqual([])
  const report = await evaluateGroup(
    loaded.groups[0]!,
    { group: 'g', at: null, rules: [] },
    timestamp(0),
    ports,
  )
  const alerts = report.alerts.map((alert) => ({
    exp_labels: alert.labels,
    exp_annotations: alert.annotations,
  }))
  expect(alerts).toHaveLength(NUMBERS.length)
  fs.writeFileSync(
    path.join(folder, 'test.yaml'),
    stringify({
      rule_files: ['rules.yaml'],
      tests: [
        {
          external_labels: external.labels,
          external_url: external.url,
          input_series: NUMBERS.map((number, n) => ({
            series: `value{n="${n}",host="${labels.host}",words="${labels.words}"}`,
            values: number,
          })),
          alert_rule_test: [{ eval_time: '0m', alertname: 'A', exp_alerts: alerts }],
        },
      ],
    }),
  )

  expect(promtool('test', 'rules', path.join(folder, 'test.yaml'))).not.toContain('FAILED')
})

test('rules over VictoriaMetrics give the alerts that they give over our own series', async () => {
  await using server = await startServer(
    'victoria-metrics',
    (port) => [
      `-storageDataPath=${folder}/vm`,
      `-httpListenAddr=127.0.0.1:${port}`,
      '-retentionPeriod=100y',
      '-search.latencyOffset=0s',
    ],
    async (url) => (await fetch(`${url}/health`)).ok,
  )
  const start = timestamp(Math.floor((Date.now() - 7_200_000) / 60_000) * 60_000)
  const series = memorySeries()
  const lines: string[] = []
  for (let minute = 0; minute < 60; minute++) {
    for (const table of ['a', 'b', 'c']) {
      // Table c ends in the middle of its alert.
      if (table === 'c' && minute >= 30) continue
      const value = table === 'a' ? minute % 20 : table === 'b' ? 3 : minute >= 20 ? 50 : 0
      const at = plus(start, millis(minute * MINUTE + 7_000))
      series.load({ __name__: 'load', table }, { timestamps: [at], values: [value] })
      lines.push(`load{table="${table}"} ${value} ${at}`)
    }
  }
  await fetch(`${server.url}/api/v1/import/prometheus`, { method: 'POST', body: lines.join('\n') })
  await fetch(`${server.url}/internal/force_flush`)
  const http = createHttpClient(createEgress(['127.0.0.0/8']))
  const ask = createPrometheusQuery({ url: server.url }, http)
  const signal = AbortSignal.timeout(60_000)
  const { groups } = loadRuleFiles([
    {
      path: 'r.yaml',
      text: `
groups:
  - name: g
    rules:
      - { alert: High, expr: load > 10, for: 3m, annotations: { v: '{{ with query "sum(load)" }}{{ . | first | value }}{{ end }}' } }
      - { alert: Sum, expr: 'sum(max_over_time(load[10m])) > 20', keep_firing_for: 2m }
      - { alert: Gone, expr: 'absent(load{table="c"})' }
`,
    },
  ])
  const run = async (query: Query): Promise<unknown[]> => {
    const group = createGroup(
      groups[0]!,
      {
        query,
        writer: memorySeries(),
        external: { labels: {}, url: '' },
        defaults: { interval: MINUTE, queryOffset: millis(0) },
        recorded: () => [],
        whereabouts: () => 'unknown',
      },
      null,
    )
    const seen: unknown[] = []
    for (let minute = 0; minute < 55; minute++) {
      const report = await group.evaluate(plus(start, millis(minute * MINUTE + 90_000)))
      seen.push({ errors: report!.rules.map(({ error }) => error), alerts: report!.alerts })
    }
    return seen
  }
  const own = await run(engineQuery(createEngine(series)))
  const remote = await run(textQuery((expr, at) => ask(expr, at, signal)))

  expect(remote).toEqual(own)
  expect(JSON.stringify(own)).toContain('"noData":true')
})
