import { expect, test } from 'vitest'
import { incidentLabels } from '../../src/agent/incidents.ts'
import type { Alert } from '../../src/model/alert.ts'
import type { Fact } from '../../src/model/facts.ts'
import { edgeOf, jobId } from '../../src/model/run-facts.ts'
import { MINUTE, timestamp } from '../../src/model/units.ts'
import { memory } from '../ledger/memory.ts'
import { aReport } from '../model/a-run.ts'
import { NOW, aTable } from '../model/a-table.ts'

const job = jobId('default', 'daily_orders')
const alert = (labels: Record<string, string>, minute = 0): Alert => ({
  labels,
  annotations: { summary: 'x' },
  startsAt: timestamp(NOW + minute * MINUTE),
  endsAt: null,
  updatedAt: NOW,
  generatorUrl: '',
  value: 1,
  noData: false,
})
const kept = (one: Alert): Fact => ({
  kind: 'alert',
  id: JSON.stringify(one.labels),
  alert: one,
  expiresAt: null,
  flips: [],
  flapping: null,
})
const failed = alert({ alertname: 'Failed', source: 'flows', pipeline: 'daily_orders' })
const late = alert({ alertname: 'Late', source: 'lake', table: 'gold/orders' }, 30)

function lake() {
  const known = memory()
  known.take([aTable(), aReport(), edgeOf('x', 'writes', job, aTable().id, NOW)])
  return known
}

test('a fault and what it delays share an incident, which says so in words', () => {
  const [cause, symptom] = incidentLabels(lake())([failed, late])

  expect(symptom!.labels['incident']).toBe(cause!.labels['incident'])
  expect(cause!.annotations).toEqual({ summary: 'x', delays: 'gold/orders' })
  expect(symptom!.annotations['cause']).toBe('default/daily_orders')
})

test('an alert of another evaluation is part of it, also when it is over', () => {
  const known = lake()
  const label = incidentLabels(known)
  const [cause] = label([failed])
  known.take([kept(cause!)])
  const [symptom] = label([late])
  known.take([kept(symptom!)])
  const over = { ...late, endsAt: timestamp(NOW + 60 * MINUTE) }

  expect(symptom!.labels['incident']).toBe(cause!.labels['incident'])
  expect(label([over])[0]!.labels).toEqual(symptom!.labels)
})

test('an alert about no table and no pipeline has an incident of its own', () => {
  const [one] = incidentLabels(memory())([alert({ alertname: 'DiskFull' })])

  expect(one!.labels['incident']).toMatch(/^[0-9a-f]{12}$/)
})
