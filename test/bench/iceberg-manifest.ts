// A cold read of an Iceberg table whose one manifest has 100,000 entries with bounds of 10 columns, beside Python's readers.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { openIcebergTable } from '../../src/collectors/lake/iceberg-table.ts'
import { createFileObjects } from '../../src/io/file-objects.ts'
import { createLimiter } from '../../src/io/limiter.ts'
import { timestamp } from '../../src/model/units.ts'
import { avroFile } from '../formats/avro-file.ts'

const ENTRIES = 100_000
const COLUMNS = 10
const TITLE = `Iceberg manifest, ${ENTRIES} entries, bounds of ${COLUMNS} columns, deflate`
const DIR = path.join(os.tmpdir(), 'tidemark-bench', 'iceberg-manifest')
const VENV = path.join(os.tmpdir(), 'tidemark-bench', 'iceberg-python')

export const icebergCases: Readonly<Record<string, () => Promise<void>>> = { 'iceberg-manifest': coldRead }

async function coldRead(): Promise<void> {
  // In a process of its own, so that only reading counts into our peak.
  if (!fs.existsSync(path.join(DIR, 'done'))) run(process.execPath, [import.meta.filename, 'generate'])
  const identity = {
    source: 'bench',
    table: 'manifest',
    namespace: 'file',
    name: DIR,
    id: `file:${DIR}`,
    location: `file://${DIR}`,
  }
  const table = openIcebergTable(createFileObjects(DIR, createLimiter(64)), identity)
  const from = performance.now()
  const news = await table.refresh({ now: timestamp(Date.now()), signal: new AbortController().signal })
  const seconds = round((performance.now() - from) / 1e3)
  const peakMb = Math.round(process.resourceUsage().maxRSS / 1e3)
  const { files, rows, bytes } = news.table!
  const peers = peersOf(JSON.stringify([files, rows, bytes]))
  console.log(JSON.stringify({ case: TITLE, ours: { seconds, peakMb }, peers }))
}

interface Peer {
  readonly name: string
  readonly seconds: number
  readonly peakMb: number
  readonly files: number
  readonly rows: number
  readonly bytes: number
}

function peersOf(ours: string): unknown[] | string {
  const python = path.join(VENV, 'bin', 'python')
  if (!fs.existsSync(python)) {
    run('python3', ['-m', 'venv', VENV])
    run(python, ['-m', 'pip', 'install', '--quiet', 'fastavro==1.13.1', 'pyiceberg==0.12.0'])
  }
  return ['fastavro', 'pyiceberg'].map((reader) => {
    const script = path.join(import.meta.dirname, 'peer-iceberg.py')
    const peer = JSON.parse(run(python, [script, DIR, reader])) as Peer
    const theirs = JSON.stringify([peer.files, peer.rows, peer.bytes])
    if (theirs !== ours) throw new Error(`${TITLE}: we have ${ours}, ${peer.name} ${theirs}`)
    return { name: peer.name, seconds: round(peer.seconds), peakMb: peer.peakMb }
  })
}

const round = (value: number): number => Math.round(value * 1e3) / 1e3

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1e8 })
  if (status !== 0) throw error ?? new Error(`${command} ${args.join(' ')}: ${stderr}`)
  return stdout
}

function generate(): void {
  fs.mkdirSync(path.join(DIR, 'metadata'), { recursive: true })
  const file = (name: string): string => path.join(DIR, 'metadata', name)
  const manifest = avroFile(
    MANIFEST,
    Array.from({ length: ENTRIES }, (_, i) => entry(i)),
    {
      codec: 'deflate',
      rowsPerBlock: 60,
      metadata: { 'format-version': '2', content: 'data', schema: '{}', 'partition-spec-id': '0' },
    },
  )
  fs.writeFileSync(file('manifest.avro'), manifest)
  const list = {
    manifest_path: file('manifest.avro'),
    manifest_length: BigInt(manifest.length),
    partition_spec_id: 0,
    content: 0,
    sequence_number: 1n,
    min_sequence_number: 1n,
    added_snapshot_id: 1n,
    added_files_count: ENTRIES,
    existing_files_count: 0,
    deleted_files_count: 0,
    added_rows_count: 1n,
    existing_rows_count: 0n,
    deleted_rows_count: 0n,
  }
  fs.writeFileSync(file('snap.avro'), avroFile(LIST, [list], { metadata: { 'format-version': '2' } }))
  fs.writeFileSync(file('v1.metadata.json'), JSON.stringify(metadata(file('snap.avro'))))
  fs.writeFileSync(file('version-hint.text'), '1')
  fs.writeFileSync(path.join(DIR, 'done'), '')
}

const field = (id: number, name: string, type: unknown): unknown => ({ name, type, 'field-id': id })
const keyed = (id: number, value: string): unknown => [
  'null',
  {
    type: 'array',
    logicalType: 'map',
    items: {
      type: 'record',
      name: `k${id}_v${id + 1}`,
      fields: [field(id, 'key', 'int'), field(id + 1, 'value', value)],
    },
  },
]

const PARTITION = {
  type: 'record',
  name: 'r102',
  fields: [field(1000, 'c1_day', ['null', { type: 'int', logicalType: 'date' }])],
}
const DATA_FILE = {
  type: 'record',
  name: 'r2',
  fields: [
    field(134, 'content', 'int'),
    field(100, 'file_path', 'string'),
    field(101, 'file_format', 'string'),
    field(102, 'partition', PARTITION),
    field(103, 'record_count', 'long'),
    field(104, 'file_size_in_bytes', 'long'),
    field(108, 'column_sizes', keyed(117, 'long')),
    field(109, 'value_counts', keyed(119, 'long')),
    field(110, 'null_value_counts', keyed(121, 'long')),
    field(125, 'lower_bounds', keyed(126, 'bytes')),
    field(128, 'upper_bounds', keyed(129, 'bytes')),
    field(132, 'split_offsets', ['null', { type: 'array', items: 'long', 'element-id': 133 }]),
    field(140, 'sort_order_id', ['null', 'int']),
  ],
}
const MANIFEST = {
  type: 'record',
  name: 'manifest_entry',
  fields: [
    field(0, 'status', 'int'),
    field(1, 'snapshot_id', ['null', 'long']),
    field(3, 'sequence_number', ['null', 'long']),
    field(4, 'file_sequence_number', ['null', 'long']),
    field(2, 'data_file', DATA_FILE),
  ],
}
const LIST = {
  type: 'record',
  name: 'manifest_file',
  fields: [
    field(500, 'manifest_path', 'string'),
    field(501, 'manifest_length', 'long'),
    field(502, 'partition_spec_id', 'int'),
    field(517, 'content', 'int'),
    field(515, 'sequence_number', 'long'),
    field(516, 'min_sequence_number', 'long'),
    field(503, 'added_snapshot_id', 'long'),
    field(504, 'added_files_count', 'int'),
    field(505, 'existing_files_count', 'int'),
    field(506, 'deleted_files_count', 'int'),
    field(512, 'added_rows_count', 'long'),
    field(513, 'existing_rows_count', 'long'),
    field(514, 'deleted_rows_count', 'long'),
  ],
}

function entry(i: number): unknown {
  const perColumn = (value: (column: number) => unknown): unknown[] =>
    Array.from({ length: COLUMNS }, (_, column) => ({ key: column + 1, value: value(column) }))
  const bound = (column: number): Buffer => {
    const buffer = Buffer.alloc(8)
    buffer.writeBigInt64LE(1_700_000_000_000_000n + BigInt(i * 7_919 + column))
    return buffer
  }
  return {
    status: 1,
    snapshot_id: 1n,
    sequence_number: 1n,
    file_sequence_number: 1n,
    data_file: {
      content: 0,
      file_path: `${DIR}/data/c1_day=${i % 365}/${String(i).padStart(5, '0')}-${i * 7_919}-0a1b2c3d-00001.parquet`,
      file_format: 'PARQUET',
      partition: { c1_day: 19_700 + (i % 365) },
      record_count: BigInt(1_000 + i),
      file_size_in_bytes: BigInt(100_000 + ((i * 7_919) % 100_000_000)),
      column_sizes: perColumn((column) => BigInt(1_000 + i + column)),
      value_counts: perColumn(() => BigInt(1_000 + i)),
      null_value_counts: perColumn(() => 0n),
      lower_bounds: perColumn(bound),
      upper_bounds: perColumn(bound),
      split_offsets: [4n],
      sort_order_id: 0,
    },
  }
}

const metadata = (manifestList: string): unknown => ({
  'format-version': 2,
  'table-uuid': 'b2f1a4f0-0000-4000-8000-000000000000',
  location: DIR,
  'last-sequence-number': 1,
  'last-updated-ms': 1_700_000_000_000,
  'last-column-id': COLUMNS,
  schemas: [
    {
      type: 'struct',
      'schema-id': 0,
      fields: Array.from({ length: COLUMNS }, (_, i) => ({
        id: i + 1,
        name: `c${i + 1}`,
        required: false,
        type: i === 0 ? 'timestamp' : 'long',
      })),
    },
  ],
  'current-schema-id': 0,
  'partition-specs': [
    { 'spec-id': 0, fields: [{ name: 'c1_day', transform: 'day', 'source-id': 1, 'field-id': 1000 }] },
  ],
  'default-spec-id': 0,
  'last-partition-id': 1000,
  'sort-orders': [{ 'order-id': 0, fields: [] }],
  'default-sort-order-id': 0,
  properties: {},
  'current-snapshot-id': 1,
  snapshots: [
    {
      'snapshot-id': 1,
      'sequence-number': 1,
      'timestamp-ms': 1_700_000_000_000,
      'manifest-list': manifestList,
      summary: { operation: 'append' },
      'schema-id': 0,
    },
  ],
  'snapshot-log': [{ 'snapshot-id': 1, 'timestamp-ms': 1_700_000_000_000 }],
  'metadata-log': [],
})

if (process.argv[1] === import.meta.filename && process.argv[2] === 'generate') generate()
