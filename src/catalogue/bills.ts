// Metrics of bills: what the newest two months came to, and what of it no measurement of ours explains.
import type { Sample } from '../model/series.ts'
import type { FactReader } from '../model/store.ts'
import type { Timestamp } from '../model/units.ts'
import { gauge } from './metric.ts'

export const billMetrics = {
  cost: gauge(
    'tidemark_bill_cost_usd',
    'What was billed, by service and region, of this month so far and of the month before (period current, previous): basis billed is the invoice, effective has commitments spread over what they cover.',
    '',
    ['source', 'service', 'region', 'period', 'basis'],
  ),
  unattributed: gauge(
    'tidemark_bill_unattributed_usd',
    'What was paid (effective cost where it is known) and no measurement of ours explains, by service and period.',
    '',
    ['service', 'period'],
  ),
  deliveries: gauge(
    'tidemark_bill_last_delivery_timestamp_seconds',
    'When the newest file of a bill was written.',
    'seconds',
    ['source'],
  ),
  badRows: gauge(
    'tidemark_bill_unreadable_rows',
    'Rows of the bills that are kept whose month or cost could not be read: in no sum.',
    '',
    ['source'],
  ),
}

const m = billMetrics

/** Services with a series of their own; the others together are `(rest)`. */
const MAX_SERVICES = 50

export function billSamples(known: FactReader, now: Timestamp): Sample[] {
  const bySource = Map.groupBy(known.facts('bill'), ({ source }) => source)
  const [reckoning] = known.facts('reckoning')
  const periods = new Map([
    [monthBefore(now, 0), 'current'],
    [monthBefore(now, 1), 'previous'],
  ])
  const costs = reckoning?.costs ?? []
  const largest = new Set(
    [...Map.groupBy(reckoning?.rows ?? [], ({ service }) => service)]
      .map(
        ([service, rows]) => [service, sum(rows.map(({ unattributed }) => Math.abs(unattributed)))] as const,
      )
      .toSorted((a, b) => b[1] - a[1])
      .slice(0, MAX_SERVICES)
      .map(([service]) => service),
  )
  const left = Map.groupBy(
    (reckoning?.rows ?? []).filter(({ month }) => periods.has(month)),
    ({ month, service }) => `${periods.get(month)!}\n${largest.has(service) ? service : '(rest)'}`,
  )
  return [
    ...costs.flatMap(({ month, billed, effective, ...labels }) => {
      const period = periods.get(month)
      return period === undefined
        ? []
        : [
            ...m.cost({ ...labels, period, basis: 'billed' }, billed),
            ...m.cost({ ...labels, period, basis: 'effective' }, effective),
          ]
    }),
    ...[...left].flatMap(([key, rows]) => {
      const [period = '', service = ''] = key.split('\n')
      return m.unattributed({ service, period }, sum(rows.map(({ unattributed }) => unattributed)))
    }),
    ...[...bySource].flatMap(([source, facts]) => [
      ...m.deliveries({ source }, Math.max(...facts.map(({ at }) => at)) / 1_000),
      ...m.badRows({ source }, sum(facts.map(({ badRows }) => badRows))),
    ]),
  ]
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

function monthBefore(now: Timestamp, months: number): string {
  const date = new Date(now)
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - months, 1)).toISOString().slice(0, 7)
}
