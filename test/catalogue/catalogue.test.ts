import { describe, expect, test } from 'vitest'
import { type View, describe as define, metrics, samplesAt } from '../../src/catalogue/catalogue.ts'
import type { Fact, FactOf, Kind, Recorded } from '../../src/model/facts.ts'
import type { Labels, Sample } from '../../src/model/series.ts'
import { MINUTE, type Timestamp, bytes, millis, timestamp } from '../../src/model/units.ts'
import { NOW, aTable } from '../model/a-table.ts'

function view(recorded: ReadonlyArray<Recorded<Fact>>): View {
  const find = <K extends Kind>(kind: K, where: { id?: string } = {}) =>
    recorded.filter(
      (one): one is Recorded<FactOf<K>> =>
        one.fact.kind === kind && (where.id === undefined || one.fact.id === where.id),
    )
  return {
    known: { facts: (kind, where) => find(kind, where).map(({ fact }) => fact), recorded: find },
    patience: () => millis(3 * MINUTE),
    store: {
      series: 1,
      headSamples: 2,
      stateBytes: 3,
      metricsBytes: 4,
      writeErrors: 0,
      failing: null,
      quarantined: [],
      seriesDropped: 0,
      duplicates: 0,
    },
    health: {
      version: '1.2.3',
      startedAt: NOW,
      residentBytes: 5,
      diskFreeBytes: null,
      loopDelay: { '0.99': 0.001 },
      log: { written: { warn: 2 }, dropped: 1 },
    },
    groups: [],
  }
}
const seen = <F extends Fact>(fact: F, observedAt: Timestamp = NOW): Recorded<F> => ({
  fact,
  recordedAt: NOW,
  observedAt,
})
const text = (samples: readonly Sample[]): string =>
  samples
    .map(
      ({ name, labels, value }) =>
        `${name}{${Object.entries(labels as Labels)
          .map(([l, v]) => `${l}="${v}"`)
          .join(',')}} ${value}`,
    )
    .join('\n')
const ofTables = (samples: readonly Sample[]) =>
  samples.filter(({ name }) => name.startsWith('tidemark_table_'))

test('a table as samples', async () => {
  const tally = {
    kind: 'tally',
    id: aTable().id,
    commits: 43,
    dataCommits: 40,
    rowsAdded: 1_112_000,
    rowsRemoved: 70,
    bytesAdded: bytes(3_300_000_000),
    schemaChanges: { widened: 1 },
    lastAt: NOW,
    lastVersions: ['42'],
  } as const

  const samples = samplesAt(view([seen(aTable()), seen<Fact>(tally)]), NOW)

  await expect(`${text(ofTables(samples))}\n`).toMatchFileSnapshot('golden/table.prom')
})

describe('blind is not stale', () => {
  const up = [{ name: 'tidemark_table_up', labels: { source: 'lake', table: 'gold/orders' }, value: 0 }]

  test('a table with an open problem has up 0 and nothing else', () => {
    const problem = {
      kind: 'problem',
      id: 'lake/gold/orders',
      source: 'lake',
      subject: 'gold/orders',
      tableId: aTable().id,
      reason: 'denied',
      message: 'no',
      since: NOW,
      resolved: null,
    } as const

    expect(ofTables(samplesAt(view([seen(aTable()), seen<Fact>(problem)]), NOW))).toEqual(up)
  })

  test('so has one that could never be read', () => {
    const problem = {
      kind: 'problem',
      id: 'lake/gold/orders',
      source: 'lake',
      subject: 'gold/orders',
      tableId: aTable().id,
      reason: 'corrupt',
      message: 'no',
      since: NOW,
      resolved: null,
    } as const

    expect(ofTables(samplesAt(view([seen<Fact>(problem)]), NOW))).toEqual(up)
  })

  test('so has one that nobody looked at for too long', () => {
    const then = timestamp(NOW - 4 * MINUTE)

    expect(ofTables(samplesAt(view([seen(aTable(), then)]), NOW))).toEqual(up)
  })

  test('a vanished table has no sample at all', () => {
    expect(ofTables(samplesAt(view([seen(aTable({ vanished: NOW }))]), NOW))).toEqual([])
  })
})

test('what is unknown is absent, never 0', () => {
  const bare = aTable({
    formatVersion: null,
    version: null,
    lastChange: null,
    lastCommit: null,
    created: null,
    eventTime: null,
    rows: null,
    files: null,
    bytes: null,
    fileSizes: null,
    partitions: null,
    deletes: null,
    snapshots: null,
    oldestSnapshot: null,
    reclaimable: null,
    lastCompaction: null,
    columns: [],
  })

  expect(ofTables(samplesAt(view([seen(bare)]), NOW)).map(({ name }) => name)).toEqual([
    'tidemark_table_info',
    'tidemark_table_up',
  ])
})

describe('definitions', () => {
  test.for(metrics.map((metric) => [metric.name, metric] as const))(
    '%s follows the naming rules',
    ([name, metric]) => {
      expect(name).toMatch(/^tidemark_[a-z0-9_]+$/)
      expect(name.endsWith('_total')).toBe(metric.type === 'counter')
      expect(metric.help).toMatch(/^[A-Z0-9].*\.$/)
      if (metric.unit !== '' && metric.type !== 'counter') expect(name).toContain(metric.unit)
    },
  )

  test('every sample has one, with its labels', () => {
    const samples = samplesAt(view([seen(aTable())]), NOW)

    for (const { name, labels } of samples) {
      const { le: _, ...rest } = labels as Record<string, string>
      expect(Object.keys(rest).toSorted(), name).toEqual(define(name)?.labels.toSorted())
    }
  })

  test('the parts of a histogram lead to it, other names to nothing', () => {
    expect(define('tidemark_table_file_size_bytes_bucket')?.name).toBe('tidemark_table_file_size_bytes')
    expect(define('tidemark_table_rows_count')).toBeUndefined()
  })
})
