import { expect, test } from 'vitest'
import { usageSamples } from '../../src/catalogue/usage.ts'
import type { Fact } from '../../src/model/facts.ts'
import { DAY, HOUR, type Timestamp, millis, plus } from '../../src/model/units.ts'
import { factView } from '../advisors/fact-view.ts'
import { aHost, aMeasure } from '../model/a-usage.ts'
import { NOW } from '../model/a-table.ts'

const text = (facts: readonly Fact[], now: Timestamp): string =>
  usageSamples(factView(facts), now)
    .map(({ name, labels, value }) => `${name}{${Object.values(labels).join(',')}} ${value}`)
    .join('\n')

const host = aHost({
  measures: { CPUUtilization: aMeasure({ latest: 12, p50: 10, p90: 20, p95: 30, p995: 40, max: 90 }) },
})

test('a host as samples', () => {
  expect(text([host], NOW)).toBe(`tidemark_usage_value{aws,ec2,i-0abc,CPUUtilization,latest} 12
tidemark_usage_value{aws,ec2,i-0abc,CPUUtilization,p50} 10
tidemark_usage_value{aws,ec2,i-0abc,CPUUtilization,p90} 20
tidemark_usage_value{aws,ec2,i-0abc,CPUUtilization,p95} 30
tidemark_usage_value{aws,ec2,i-0abc,CPUUtilization,p99.5} 40
tidemark_usage_value{aws,ec2,i-0abc,CPUUtilization,max} 90
tidemark_usage_timestamp_seconds{aws,ec2,i-0abc} ${NOW / 1_000}
tidemark_usage_info{aws,ec2,i-0abc,us-east-1,m5.4xlarge} 1`)
})

test('what is no longer measured goes: first its newest value, then all of it', () => {
  const anHourOn = text([host], plus(NOW, HOUR))
  expect(anHourOn).not.toContain('latest')
  expect(anHourOn).toContain('p99.5')
  expect(text([host], plus(NOW, millis(4 * DAY)))).toBe('')
})

test('what is unknown is absent', () => {
  const nothing = aHost({ measures: { CPUUtilization: aMeasure({ latest: null, at: null, to: null }) } })
  expect(text([nothing], NOW)).toBe('')
})

test('what was written to CloudWatch, and what was not', () => {
  const told: Fact = {
    kind: 'metric-export',
    id: 'cloudwatch',
    exportedAt: NOW,
    runs: 7,
    values: 49,
    refused: { 'too-old': 2 },
    failures: 1,
    failing: null,
  }
  expect(text([told], NOW)).toBe(`tidemark_cloudwatch_export_runs_total{written} 7
tidemark_cloudwatch_export_runs_total{too-old} 2
tidemark_cloudwatch_export_waiting_runs{} 0
tidemark_cloudwatch_export_failures_total{} 1
tidemark_cloudwatch_export_last_success_timestamp_seconds{} ${NOW / 1_000}`)
})
