// What store tests share: a directory of their own, a log that keeps what was said, facts with little in them.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { CommitFact, Fact, ProblemFact } from '../../src/model/facts.ts'
import type { Sample, Samples, SeriesReader } from '../../src/model/series.ts'
import { DAY, type Timestamp, millis, timestamp } from '../../src/model/units.ts'
import { type StoreOptions, openStore } from '../../src/store/store.ts'

export const START = timestamp(Date.UTC(2026, 0, 5))
export const minute = (n: number): Timestamp => timestamp(START + n * 60_000)

export interface Said {
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: object
}

export function listeningLog() {
  const said: Said[] = []
  const at = (level: Said['level']) => (fields: object, message: string) =>
    void said.push({ level, message, fields })
  return { said, info: at('info'), warn: at('warn'), error: at('error') }
}

export const tempDirectory = (): string => fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-store-'))

export const open = (directory: string, options: Partial<StoreOptions> = {}) =>
  openStore({
    directory,
    now: START,
    log: listeningLog(),
    retention: { samples: millis(30 * DAY), commits: millis(400 * DAY), runs: millis(90 * DAY) },
    ...options,
    limits: { ballast: 0, ...options.limits },
  })

export const problem = (id: string, message = 'it broke', source = 'lake'): ProblemFact => ({
  kind: 'problem',
  id,
  source,
  subject: id,
  tableId: null,
  reason: 'missing',
  message,
  since: START,
  resolved: null,
})

export const cursor = (id: string, value: string): Fact => ({ kind: 'cursor', id, value })

export const commit = (tableId: string, version: number, at: Timestamp, operation = 'WRITE'): CommitFact => ({
  kind: 'commit',
  id: `${tableId}@${version}`,
  tableId,
  source: 'lake',
  table: tableId,
  version: String(version),
  at,
  operation,
  changesData: true,
  rowsAdded: 1,
  rowsRemoved: null,
  filesAdded: 1,
  filesRemoved: null,
  bytesAdded: null,
  bytesRemoved: null,
  engine: null,
  schemaChanges: [],
})

export const gauge = (name: string, labels: Record<string, string>, value: number): Sample => ({
  name,
  labels,
  value,
})

/** `0:1 60:2 120:stale`, seconds since START. */
export const printSamples = ({ timestamps, values, stale }: Samples): string =>
  Array.from(timestamps, (at, i) => {
    const value = stale?.[i] === 1 ? 'stale' : Object.is(values[i], -0) ? '-0' : String(values[i])
    return `${(at - START) / 1_000}:${value}`
  }).join(' ')

export const printAll = (reader: SeriesReader, from = timestamp(0), to = timestamp(8e15)): string[] =>
  reader
    .find([])
    .map((series) => `${printLabels(series.labels)} ${printSamples(series.samples({ from, to }))}`)
    .toSorted()

export const printLabels = ({ __name__: name, ...labels }: Readonly<Record<string, string>>): string =>
  `${name}{${Object.entries(labels)
    .map(([key, value]) => `${key}="${value}"`)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .join(',')}}`
